"""Programs that make infrastructure: another program is unknown, another layout or comment is the same."""

from __future__ import annotations

import pytest
from world.brute_force import verdict_of

from magistrate.impact.privilege.domains.infrastructure_programs import READER
from magistrate.impact.privilege.engine import delta

pytestmark = pytest.mark.requirement("R28")
STACK = "import * as cdk from 'aws-cdk-lib';\nnew Bucket(this, 'b', { publicReadAccess: false });\n"
CASES = {
    "typescript": ("stack.ts", STACK, STACK.replace("false", "true"), "unknown"),
    "typescript-layout": ("stack.ts", STACK, "// why\n" + STACK.replace("{ ", "{\n  "), "unchanged"),
    "typescript-gone": ("stack.ts", STACK, None, "unknown"),
    "typescript-new": ("stack.ts", None, STACK, "unknown"),
    "typescript-import-hidden": ("stack.ts", STACK, "const cdk = require(`aws-cdk-lib`);\n", "unknown"),
    "python": ("app.py", "import aws_cdk as cdk\na = (1 + 2) * 3\n", "import aws_cdk as cdk\na = 1 + 2 * 3\n", "unknown"),
    "python-layout": ("app.py", "import aws_cdk as cdk\na = f(1, 2)\n", "# a\nimport aws_cdk as cdk\na = f(1,\n  2)\n", "unchanged"),
    "python-late": ("app.py", "import importlib\n", "import importlib\nimportlib.import_module('pulumi_aws')\n", "unknown"),
    "pulumi": ("i.js", "const p = require('@pulumi/aws');\nf(1);\n", "const p = require('@pulumi/aws');\nf(2);\n", "unknown"),
    "cdktf": ("m.py", "from cdktf import App\nx = 1\n", "from cdktf import App\nx = 2\n", "unknown"),
    "go": ("m.go", 'package m\n\nimport "github.com/aws/aws-cdk-go/awscdk/v2"\n\nvar A = 1\n',
           'package m\n\nimport "github.com/aws/aws-cdk-go/awscdk/v2"\n\nvar A = 2\n', "unknown"),
    "java": ("S.java", "import software.amazon.awscdk.Stack;\nclass S {}\n",
             "import software.amazon.awscdk.Stack;\nclass S { int a; }\n", "unknown"),
    "csharp": ("S.cs", "using Amazon.CDK;\nclass S {}\n", "using Amazon.CDK;\nclass S { int a; }\n", "unknown"),
    "broken": ("a.ts", "import 'constructs'\nf(", "import 'constructs'\nf((", "unknown"),
    "another-program": ("a.py", "import os\nx = 1\n", "import os\nx = 2\n", "unchanged"),
    "only-the-word": ("a.py", "# like aws_cdk\nx = 1\n", "# like aws_cdk\nx = 2\n", "unchanged"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_program_that_makes_infrastructure_is_unknown_where_it_changes(name):
    path, before, after, expected = CASES[name]
    sides = [READER.grants({} if text is None else {path: text}) for text in (before, after)]
    assert verdict_of(delta(*sides)) == expected
