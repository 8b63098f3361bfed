"""Rights on systems and files: IAM, RBAC, sudoers, grants, owners, security contexts."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.screening import may_match
from magistrate.impact.sensing import RESOURCE, RuleSensor, declares_resource, declares_workload, named, rule
from magistrate.impact.vocabulary import vocabulary

PATHS: Final = rx(
    r"(?i)(?:^|/)(?:sudoers[^/]*|codeowners|owners|authorized_keys|allowed_signers|[^/]*(?:iam|rbac)[^/]*\.(?:json|ya?ml|tf))(?:/|$)"
)
WORDS: Final = vocabulary("""
    iam ram cam iamrole iampolicy iammember iambinding iamuser rbac rolebinding rolebindings clusterrole clusterroles clusterrolebinding roleref roleassignment roledefinition
    serviceaccount serviceaccounts serviceaccountname serviceaccounttoken automountserviceaccounttoken assumerole assumerolepolicy assumerolepolicydocument passrole
    policydocument policyarn rolepolicy rolepolicyattachment bucketpolicy resourcepolicy keypolicy accesspolicy accesspolicies accesspolicydocument queuepolicy topicpolicy managedpolicy inlinepolicy permissionsboundary passwordpolicy
    accountpasswordpolicy loginpolicy authenticationpolicy trustpolicy securitypolicy podsecuritypolicy podsecurity accesscontrol accesscontrollist networkacl networkaclrule nacl acl acls predefinedacl
    principal principals notprincipal grant grants grantee granted revoke revoked privilege privileged privileges privilegeescalation allowprivilegeescalation
    securitycontext podsecuritycontext runasuser runasnonroot runasgroup fsgroup readonlyrootfilesystem seccomp seccompprofile apparmor selinux selinuxoptions capabilities capadd capdrop
    hostpid hostipc hostpath hostnetwork dockersock sysadmin sudo sudoers nopasswd rootaccess rootuser admin admins administrator administrators clusteradmin superuser adminuser adminenabled localauthentication disablelocalauth localauthdisabled
    permission permissions permissionset accesskey accesskeys accesslevel allowedactions wildcard federatedidentity workloadidentity managedidentity identitytype identitypool userassigned systemassigned
    chmod chown umask setuid setgid setcap filemode owner owners ownership ownerid codeowners approvers reviewers userdata executionrole taskrole taskrolearn rolearn instanceprofile iaminstanceprofile
    oauthscopes scopes rbacenabled enablerbac azurerbac authorizationmode authorizationrbac anonymousauth organizationpolicy orgpolicy bucketownership objectownership crossaccount fulladmin
    networkpolicyprovider retentionpolicy sslpolicy blockpublicpolicy nonewprivileges securityopt chaining crossdbownershipchaining
    networkpolicy networkpolicies networkpolicyenabled networkpolicyconfig tlspolicy tlscipherpolicy mintlspolicy firewallpolicy firewallpolicyid networkacls autocreatenetwork
    azurepolicy azurepolicyenabled azurepolicyaddon authenticatorgroups authenticatorgroupsconfig
    allusers allauthenticatedusers blockpublicacls ignorepublicacls restrictpublicbuckets privatenodes enableprivatenodes privatecluster privateclusterconfig
    uniformbucketlevelaccess publicaccessprevention deletionprotection imagepullpolicy admissioncontrollers admissionplugins admissioncontrol
""")


RIGHTS: Final = vocabulary(
    "iam role roles rolebinding member members principal principals policy policies policydocument policystatement statement acl acls grant grants permission permissions privilege privileges"
)
"""Words of the settings around a line that say that it is about rights."""


def _role(file: ChangedFile) -> str | None:
    if named(file, PATHS):
        return "this grants rights or names owners"
    if declares_resource(file):
        return "a cloud resource is declared, with rights that are said or left at a default"
    if declares_workload(file):
        return "a workload is declared, with rights that are said or left at a default"
    near = not file.words_near.keys().isdisjoint(RIGHTS)
    inside = near and any(may_match(RESOURCE, text) and RESOURCE.search(text) for text in file.both_texts)
    return "this stands beside the rights of a cloud resource" if inside else None


SENSOR: Final = RuleSensor(
    name="permissions",
    kind=ChangeClass.PERMISSIONS,
    role=_role,
    words=WORDS,
    words_why="who has which rights",
    rules=(
        rule(r"\bGRANT\b.+\bTO\b|\bREVOKE\b|NOPASSWD|\bALL=\(|setuid|setcap", "grants or takes rights"),
        rule(
            r"(?:Cluster)?Role(?:Binding)?\b|^\s*(?:-\s*)?(?:verbs|resources|apiGroups|subjects|roleRef)\s*:|\"(?:Not)?(?:Action|Resource|Principal)\"|AssumeRole|cluster-admin",
            "rights in a cluster or cloud",
        ),
    ),
    code_rules=(
        rule(
            r"\bchmod\b|\bchown\b|\bumask\b|^\s*mode\s*[:=]|\b0o?[0-7]{3,4}\b|\bos\.(?:open|mkdir|makedirs)\(|[\"'](?:/var)?/tmp/|/dev/shm/|^\s*-\s*[\"']\*[\"']\s*$|^\s*data\s+[\"']aws_ami[\"']|^\s*USER\s+\S+\s*$|docker\.sock",
            "file rights, or a user that runs something",
        ),
        rule(
            r"[\"']/(?:var/tmp|tmp|run/lock|run/shm|var/lock|var/crash|dev/mqueue)(?:/|[\"'])|\\temp\b|\bTMPDIR\b",
            "a place that everybody may write to",
        ),
        rule(
            r"\b(?:not_?)?resources?[\"']?\s{0,4}[:=]\s{0,4}\[?\s{0,4}[\"']\*[\"']",
            "rights on everything there is",
            given="resource resources notresource notresources",
        ),
        rule(
            r"\bpolicy\s*[:=]|\bpolic(?:y|ies)\b\s*[\"']?\s*[:={]|\bactions?\s*[:=]\s*[\"'\[]|\beffect\s*[:=]|\b(?:in|e)gress\s*[:={]",
            "a policy of rights",
        ),
        rule(
            r"^\s*[^\s#]\S*(?:\s+@[\w./-]+)+\s*(?:#.*)?$|^\s*(?:approvers|reviewers|owners)\s*:|^\*\s+\S+@\S",
            "owners of paths",
        ),
    ),
)
