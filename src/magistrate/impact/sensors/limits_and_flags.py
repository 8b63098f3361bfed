"""Limits, time-outs, quotas and feature flags: what a service bears, and which behaviour is on.

One number can take a service down or switch a protection off. No class is made for it: this is `code`.
"""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.screening import may_match
from magistrate.impact.sensing import RUNNING, RuleSensor, declares_running, rule
from magistrate.impact.vocabulary import vocabulary

WORDS: Final = vocabulary("""
    timeout timeouts timedout settimeout readtimeout writetimeout connecttimeout idletimeout timelimit deadline deadlines setdeadline
    limit limits limiter limiting limitreader unlimited ratelimit ratelimits ratelimiter ratelimiting ratelimited throttle throttles throttled throttling
    maxsize maxlength maxlen maxdepth maxbytes maxbody maxbodysize maxbytesreader maxretries maxattempts maxconnections maxconns maxage maxmemory maxitems
    maxcount maxnum maxwait maxlimit maxfiles maxfilesize maxheaderbytes maxkeys maxparams maxconcurrent maxworkers maxrequests maxclients maxidle maxmultipart maximum
    minlength quota quotas quotalimit retry retries retrying backoff poolsize bufsize buffersize chunksize queuesize batchsize threshold thresholds ttl
    concurrency keepalive watchdog circuitbreaker semaphore ulimit rlimit memlimit
    featureflag featureflags featuretoggle featuregate featuregates featureflagged toggle toggles toggled experiment experiments
    timer timers delay delays polling pollinterval interval stalefeature staleflag boolparam placeholdertrue placeholderfalse multipart maxparts
    istreated treated treatment istoggleenabled isenabled isdisabled rollout killswitch variant launchdarkly unleash optimizely growthbook flagsmith
    sizelimit lengthlimit bytelimit toolarge toolong toomany exhaustion exhausted redos dos denialofservice backtracking
    featureenabled featuredisabled isfeatureenabled featurename flagname boolvalue boolflag treatmentgroup gated rollouts canary opt optin optout
    rate rates burst resync debounce expire expires expired expiry expiration lifetime minute minutes millis milliseconds microseconds timedelta timespan ticker
    zlib gzip gunzip bzip2 zstd brotli lz4 snappy inflate deflate decompress decompression decompressor uncompress unzip zipfile tarfile copybuffer readall limitedreader
    recursion nesting maxnesting pagesize perpage pagination paginate capacity maxsize overflow underflow
    retransmit retransmits retransmitted retransmission retransmissions maxrequest maxrequestsize maxupload maxuploadsize maxfilesize maxpayload maxmessage maxmessagesize maxsession
    bodysize bodylimit payloadsize payloadlimit uploadsize uploadlimit requestsize multer formidable busboy fileupload
    allerrors regularexpression regexoptions ratelimitexceeded resourceexhausted bounded unbounded
""")
NEAR: Final = vocabulary("""
    timeout timeouts timelimit deadline ratelimit ratelimits ratelimiter ratelimiting throttle throttled throttling quota quotas maxbytesreader maxbodysize limitreader
    featureflag featureflags featuretoggle featuregate featuregates killswitch rollout memlimit maxmemory maxrequests maxconnections toolarge toomany circuitbreaker semaphore backoff
    exhausted redos denialofservice
""")
COUNTED: Final = r"(?:len|length|size|count|byte_?size|strlen|sizeof|cap|num_?\w*|total)"


PART: Final = vocabulary("container containers initcontainers resources")


def _role(file: ChangedFile) -> str | None:
    if declares_running(file):
        return "a workload is declared, with bounds that are said or left out"
    near = not file.words_near.keys().isdisjoint(PART)
    inside = near and any(may_match(RUNNING, text) and RUNNING.search(text) for text in file.both_texts)
    return "a part of a workload changes, with bounds that are said or left out" if inside else None


SENSOR: Final = RuleSensor(
    name="limits_and_flags",
    kind=ChangeClass.CODE,
    role=_role,
    words=WORDS,
    words_why="a limit, a time-out or a feature flag",
    near=NEAR,
    near_why="this stands beside a limit, a time-out or a feature flag",
    turned_why="a number or a switch is set to something else",
    code_rules=(
        rule(r"\bmax[_A-Z]\w*\s*[:=(]|\bMAX_\w+", "a bound", given="max"),
        rule(
            r"^\s*[\"']?(?:cpu|memory|requests|limits|replicas|(?:ephemeral-)?storage|hugepages-\w+)[\"']?\s*:|\b(?:memory|cpu)_?limit|\bworkers?\s*[:=]",
            "resources of a service",
        ),
        rule(
            r"\bre\.(?:compile|match|search|sub|findall|fullmatch)\(|\bnew\s+Reg(?:Exp|ex)\(|\bRegex(?:p)?\.(?:new|MustCompile|Compile|compile)|\bregexp\.\w+\(|\bPattern\.compile\(|=~\s*(?:/[^/]{0,200}(?:[+*]|\{\d*,|#\{)|%r|\w)|"
            r"\.(?:match(?:all|es|\?)?|scan|g?sub!?|split|test|search|replace(?:all)?|exec|index|slice)\b\s*\(?\s*(?:/[^/]{0,200}(?:[+*]|\{\d*,|#\{)|%r|re\b|regexp?\b)|\bpreg_\w+\(|\bregcomp\(|\bstd::regex\b",
            "a pattern whose time may grow without bound",
        ),
        rule(
            r"/[^/\n]{1,200}[+*}][^/\n]{0,80}/[a-z]{0,6}\.(?:test|exec)\(|\.(?:exec|match)\(\s*(?:req|request|params|event|ctx)\b",
            "a pattern whose time may grow without bound",
        ),
        rule(
            r"^\s*for\s*\{|\bwhile\s*\(?\s*(?:true|1)\b|\bfor\s*\(\s*;\s*;\s*\)|^\s*loop\s*(?:\{|do\b)",
            "a loop without an end of its own",
            given="for while loop",
        ),
        rule(
            r"\bcontext\.(?:with\w+|cancelfunc)\b|\bcancellationtoken|\babort(?:controller|signal)\b",
            "until when work goes on",
        ),
        rule(
            r"\.\((?:string|bool|u?int\d{0,2}|float\d\d|error|(?:\[\]|map\[string\])(?:any|interface\{\}|string))\)",
            "a value is taken for a kind that it may not be, which ends a service",
        ),
        rule(
            r"\.(?:to_sym|intern|(?:deep_)?symbolize\w*)\b|\[\s*:\s*\d{2,}\s*\]",
            "names or texts that are kept, up to a bound or without one",
        ),
        rule(
            r"\.(?:matches|replace(?:all|first)|split)\(\s*\"[^\"\n]{0,200}[+*}]|\.(?:match|test)\(\w+\)|\bnew\s+ajv\(|\bpreemptions\b",
            "a check of text whose cost the text decides",
            given="match matches replaceall replacefirst split test ajv preemptions",
        ),
        rule(
            r"\btime\.(?:Second|Minute|Hour|Millisecond|Microsecond|Duration|After|Tick|Sleep|NewTimer|time)\b|\bDuration(?:::|\.)(?:from|of)_?\w+|\bTimeUnit\.|\b\w+_(?:ms|secs?|seconds?|minutes?|hours?|days?)\b|"
            r"\b\d+\.(?:seconds?|minutes?|hours?|days?)\b|\bset(?:Interval|Timeout)\(|\bsleep\(",
            "a span of time",
        ),
        rule(
            rf"\b{COUNTED}\b\s*(?:\([^()]{{0,60}}\))?\s*(?<![-=])[<>]=?\s*(?![01]\b)[\w.(-]|(?<!\b\w\s)(?<![-=<])[<>]=?\s*[\w.]*\b{COUNTED}\b\s*[^\s:,\w]|\s(?<![-=])[<>]=?\s*(?:\d{{2,}}\b|\d+\s*(?:\*|<<))",
            "a size or a count is held against a bound",
        ),
        rule(
            r"\b\d+\s*(?:\*|<<)\s*(?:1000|1024|1_000|10\b|20\b|\d{2,})|^\s*#\s*define\s+\w+\s+\(?\d+|\b(?:const|final|static|let|var|val)\b[^=]{0,60}=\s*\d{2,}\b|[\w\"']\s*:\s*\d{3,}\s*,?\s*$|"
            r"\b(?:max|min|limit|length)\s*[=:]\s*\d+",
            "a number that bounds something",
        ),
        rule(
            r"\bio\.(?:Copy(?:Buffer|N)?|ReadAll|LimitReader)\b|\bioutil\.ReadAll\b|\bReadAll\(|\.NewReader\(|\bOpenReader\(|\.extract_?all\(|\bunpack_?archive\(|\|(?:file|image)\b|[\"'](?:file|image)\||\bmimes:|\b(?:GZIP|Zip|Inflater)InputStream\b|\.read\(\s*\)|\breadlines?\(|\bdup2?\(",
            "as much is read as comes",
        ),
        rule(
            r"^\s*(?:\}\s*)?(?:else\s+)?(?:if|unless|while)\s*\(?\s*!?\s*(?:true|false)\b|\b(?:bool|boolean)value\(|\bis_?(?:enabled|disabled)\b|__[A-Z_]+__\s*:\s*(?:true|false)|"
            r"^\s*(?:[\w.-]*[_.-])?(?:debug|legacy\w*|strict|experimental)\w*[\"']?\s*[:=]\s*(?:true|false)\b",
            "a switch is on or off",
        ),
        rule(
            r"\bhttp\.(?:Server|Client)\s*\{|\bListenAndServe|\bhttp\.Serve(?:TLS)?\(",
            "a connection with or without a time-out",
        ),
    ),
)
