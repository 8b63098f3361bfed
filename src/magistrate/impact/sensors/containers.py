"""Images and the containers made of them: Dockerfiles and compose files by their instructions.

They are infrastructure, so that is their class.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.sayings import says
from magistrate.impact.sensing import RuleSensor, Saying, named, rule

PATHS: Final = rx(
    r"(?i)(?:^|/)(?:[^/]*(?:docker|container)file[^/]*|[^/]*compose[^/]*\.ya?ml|\.dockerignore|containers?\.(?:conf|toml)|docker-bake\.hcl|[^/]*\.container)$"
)
SAYS: Final = Saying(
    starts=rx(
        r"(?i)\n[ \t]*(?:FROM[ \t]+(?:--platform=\S+[ \t]+)?[\w$./:@{}-]+(?:[ \t]+AS[ \t]+\S+)?[ \t]*\r?$|"
        r"(?-i:RUN|COPY|ADD|ENTRYPOINT|CMD|WORKDIR|EXPOSE|ENV|USER|ARG|LABEL|VOLUME|HEALTHCHECK|SHELL|ONBUILD|STOPSIGNAL|MAINTAINER)[ \t]+\S|"
        r"(?:-[ \t]+)?image[ \t]*:[ \t]*\S|containers[ \t]*:|services[ \t]*:|securityContext[ \t]*:)",
        re.MULTILINE,
    )
)


def _role(file: ChangedFile) -> str | None:
    if says(file, SAYS):
        return "this builds an image or starts containers"
    return "its name says that it builds an image or starts containers" if named(file, PATHS) else None


SENSOR: Final = RuleSensor(
    name="containers",
    kind=ChangeClass.INFRASTRUCTURE,
    role=_role,
    rules=(
        rule(
            r"privileged|docker\.sock|cap_?add|SYS_ADMIN|host(?:Network|PID|IPC|Path)|security_?opt|no-new-privileges|userns_mode|network_mode|pid\s*:\s*[\"']?host|read_?only|allowPrivilegeEscalation",
            "a container may reach its host",
        ),
    ),
)
