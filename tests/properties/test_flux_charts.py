"""Versions of charts from elsewhere, told apart: nothing that differed when the whole object was compared goes unsaid now."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.impact.privilege.domains.ci_yaml import documents
from magistrate.impact.privilege.domains.k8s_pods import READER
from magistrate.impact.privilege.engine import Turn, delta

pytestmark = pytest.mark.requirement("R28")
OCI = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\n"
    "metadata: {{name: {name}}}\nspec:\n  url: oci://example.test/{url}\n{ref}"
)
RELEASE = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: {name}}}\n"
    "spec: {{chart: {{spec: {{chart: {url}, {ref}sourceRef: {{kind: {kind}, name: web}}}}}}}}\n"
)
NAMES, URLS, FOLDERS = (st.sampled_from(one) for one in (["web", "api"], ["a", "b"], ["", "x/", "y/"]))
REF = st.sampled_from(
    ["", "{tag: 1}", "{tag: 2}", "{tag: '${V}'}", "{tag: '${W}'}", "{odd: 1}", "{semver: '>1'}", "{}"]
)
VERSION = st.sampled_from(["", "version: 1, ", "version: 2, ", "version: '{{ v }}', ", "version: '{{ w }}', "])
OBJECT = st.one_of(
    st.builds(lambda **said: OCI.format(**{**said, "ref": said["ref"] and f"  ref: {said['ref']}\n"}), name=NAMES, url=URLS, ref=REF),
    st.builds(RELEASE.format, name=NAMES, url=URLS, ref=VERSION, kind=st.sampled_from(["HelmRepository", "GitRepository"])),
)  # fmt: skip
FILES = st.dictionaries(
    st.builds("{}{}.yaml".format, FOLDERS, st.sampled_from("pq")),
    st.lists(OBJECT, min_size=1, max_size=2).map("---\n".join),
    max_size=4,
)


def whole(files) -> Counter[str]:
    """Every object as it stands, with its folder: what a reader would see that resolves nothing."""
    return Counter(
        f"{path.rpartition('/')[0]} {sorted(one.items())}" for path, text in files.items() for one in documents(text)
    )


@given(FILES, FILES)
def test_whatever_differs_is_a_gain_or_unknown(before, after):
    turns = {one.turn for one in delta(READER.grants(before), READER.grants(after))}
    named = [Counter(one.partition(" ")[2] for one in whole(files).elements()) for files in (before, after)]
    if named[0] != named[1]:
        assert turns & {Turn.GAINS, Turn.UNKNOWN}
    if whole(before) == whole(after):
        assert not turns


@given(FILES)
def test_no_version_is_told_of_what_has_none_or_stands_twice(files):
    told = READER.grants(files).holders
    often = Counter(one.name for one in told)
    assert not often or max(often.values()) == 1
    words = [one.layers[0].statements[0].says for one in told]
    assert not any(word in one for one in words for word in ("$", "{{", "odd", "({})"))
