"""Infrastructure as code, containers, clusters and hosts, by what the file says."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.sayings import says
from magistrate.impact.sensing import RuleSensor, Saying, line_start, named, rule

PATHS: Final = rx(
    r"(?i)(?:^|/)(?:[^/]*\.(?:tf|tfvars|hcl|bicep|nomad)|(?:docker|container)file[^/]*|docker-compose[^/]*|compose\.ya?ml|chart\.ya?ml|values[^/]*\.ya?ml|kustomization\.ya?ml|pulumi[^/]*|serverless\.ya?ml|cdk\.json|crontab|[^/]*\.service|ansible|playbooks?|roles|k8s|helm|terraform|deploy)(?:/|$)"
)
SAYS: Final = Saying(
    starts=line_start(
        r"apiVersion[ \t]*:|kind[ \t]*:\s{0,200}[A-Z]|(?:resource|provider|module|data|variable|output)[ \t]+\"|(?:terraform|locals)[ \t]*\{|param[ \t]+\w+[ \t]+(?:string|int|bool|object|array)|targetScope[ \t]*=|(?<=\n)Resources:[ \t]*(?:\{|\r?$)|resource[ \t]+\w+[ \t]+'|"
        r"(?<=\n)FROM[ \t]+\S|(?:-[ \t]*)?hosts[ \t]*:|services[ \t]*:[ \t\r]*$"
    ),
    words=(
        "apiVersion",
        "AWSTemplateFormatVersion",
        "AWS::",
        "Microsoft.",
        "Statement",
        "become",
        "ansible.",
        "aws-cdk",
        "pulumi",
        "provider:",
    ),
    around=rx(
        r"\"apiVersion\"|\bAWS::\w+::\w+|[\"']Microsoft\.\w+/\w+|aws-cdk|@pulumi/|^provider:|AWSTemplateFormatVersion|Statement\"?\s{0,200}:|become\s{0,200}:|ansible\."
    ),
)


def _role(file: ChangedFile) -> str | None:
    if says(file, SAYS):
        return "this describes machines, containers, clusters or cloud resources"
    return "its place says that it describes infrastructure" if named(file, PATHS) else None


SENSOR: Final = RuleSensor(
    name="infrastructure",
    kind=ChangeClass.INFRASTRUCTURE,
    role=_role,
    rules=(
        rule(
            r"privileged|hostPath|hostNetwork|docker\.sock|runAsUser:\s*0|automountServiceAccountToken|cap_add|SYS_ADMIN",
            "a container may reach its host",
        ),
        rule(
            r"[\"'](?:aws|azurerm|azuread|google|alicloud|oci|ibm|digitalocean|kubernetes|helm|openstack|linode|ncloud|yandex|tencentcloud)_[a-z][a-z0-9_]{2,60}(?:\.[\w-]+)?[\"']|^\s*[\"']?(?:resource_types|cond_type)[\"']?\s*:|"
            r"[\"'](?:terraform_version|planned_values|tf_source_modules|root_module|resource_changes)[\"']",
            "names resources of a cloud, or what is planned or demanded of them",
        ),
        rule(r"public-read|acl\s*=|cidr_blocks|ingress|0\.0\.0\.0/0", "something may become reachable from outside"),
    ),
)
