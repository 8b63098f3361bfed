"""Where text becomes code, a query, a path, an address or markup: sinks of injection and deserialisation.

Speaks of changed lines that use a sink or take text from outside, and of changes beside one: what reaches
a sink is often decided a few lines before it. No class is made for it: this is `code` that a person reads.
"""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.sensing import RuleSensor, rule
from magistrate.impact.vocabulary import vocabulary

QUERIES: Final = """
    executequery executeupdate executelargeupdate executebatch executemany executesql executescript rawquery rawsql queryrow querycontext
    preparestatement createquery createnativequery createsqlquery createstatement newquery sqlquery queryforobject queryforlist
    queryformap queryforlong queryforint queryforrowset jdbctemplate jdbc hql jpql execparams findbysql whereraw orderbyraw selectraw
    commandtext sqlcommand sqlinjection mysqli pgquery mysqlquery dbquery databasequery cursor nosql joinpath orderby sortby ldap ldapsearch xpath xquery
    escapeliteral quoteidentifier sqlquery sqlstatement sqltext unsafesql literalsql queryraw queryrawunsafe executeraw executerawunsafe
    arelsql fromsqlraw fromsqlinterpolated sequelizeliteral conditionalescape escaping
"""
COMMANDS: Final = """
    eval exec execfile execl execle execlp execlpe execv execve execvp execvpe spawn spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp
    spawnvpe posixspawn spawnsync execsync execfilesync popen popen2 popen3 popen4 subprocess subprocessexec subprocessshell shellexec passthru procopen
    processbuilder processstart createprocess childprocess shelljs paramiko invokeshell compilecommand compilescript runcode runsource
    evalscript interactiveinterpreter interactiveconsole newfunction evaluateonnewdocument addinitscript evaluatehandle parseexpression
    expressionparser spelexpressionparser ognl mvel jexl elprocessor scriptengine groovy groovyshell groovyclassloader parseclass jshell
    importmodule importlib dlopen loadlibrary constantize classforname instanceeval classeval moduleeval publicsend definemethod
    lazylines callusermethod calluserfunc calluserfuncarray createfunction safetransform rawdata rawcommand sendcommand sendcmd putline crlf
    evaluatejavascript evaluatingjavascript asyncjavascript executejavascript runjavascript javascriptinterface getattribute setattr executable shlex shellquote escapeshellarg escapeshellcmd commandinjection codeinjection
"""
OBJECTS: Final = """
    pickle cpickle dill shelve marshal jsonpickle unpickle unpickler unserialize deserialize deserialized deserializer deserialization deserialise
    objectinputstream readobject readresolve binaryformatter soapformatter netdatacontractserializer losformatter typenamehandling
    snakeyaml xstream xmldecoder objectstream torchload joblib nodeserialize unsafeload safeload activemqconnectionfactory trustallpackages trustedpackages objectmessage searchcontrols returningobjflag fullload yamlload csvload protopollution
    yamlunsafeload objectmapper enabledefaulttyping defaulttyping polymorphictypevalidator kryo hessian prototypepollution proto massassignment attraccessible permitall updateattributes fillable guarded
"""
MARKUP: Final = """
    innerhtml outerhtml dangerouslysetinnerhtml insertadjacenthtml documentwrite htmlsafe marksafe safestring safetext autoescape
    bypasssecurity bypasssecuritytrust sanitize sanitizer sanitized sanitization unsanitized unescape unescaped escapehtml htmlescape escapexml htmlspecialchars
    rawhtml htmlraw templatestring rendertemplatestring renderstring rendertemplate renderinline jinja jinja2 mako erb contenttag linkto vhtml
    sceprovider trustashtml domparser createcontextualfragment xss noopener contentsecuritypolicy csp innertext htmlresponse bleach dompurify
    htmlpage htmltemplate httpresponse getwriter createelement templateengine velocity velocityengine freemarker thymeleaf handlebars mustache nunjucks expressionfactory valueexpression methodexpression createvalueexpression createmethodexpression templateloader scriptinjection formathtml
    xmlreader xmldocument xmltextreader etree saxparser documentbuilder documentbuilderfactory xmlinputfactory saxbuilder saxreader expat minidom lxml
    sax xmlsax dtdprocessing xmlresolver secureprocessing featuresecureprocessing disallowdoctypedecl doctype entityloader loaddtd resolveentities hugetree loadentities xmlbuild htmlentitydecode htmlentities striptags addslashes stripslashes
    nosniff contenttypeoptions xframeoptions frameoptions referrerpolicy mimesniff escape escapes escaped autoescaping dangeroushtml
    libxml noent dtd xslt transformerfactory xxe simplexml xmlrpc expandentities externalentities resolveentity entityresolver pulldom xmlparser
"""
PLACES: Final = """
    redirect redirects redirectto redirecturl redirecturi sendredirect redirectresponse openredirect returnurl nexturl callbackurl
    urlopen urllib urllib2 urllib3 webrequest webclient httpclient httpwebrequest restclient resttemplate puppeteer pagegoto setcontent
    wkhtmltopdf wkhtmltoimage phantom urlrequest curl curlexec fsockopen ssrf metadataservice localnetwork
    sendfile readfile readfilesync createreadstream writefile pathjoin pathtraversal directorytraversal traversal cleanpath filepathclean securejoin safejoin
    abspath realpath canonicalpath basepath securepath validpath extractall extractfile tarfile zipfile untar unzip zipslip getbinaryfile puttextfile gettextfile
    expandpath absolutepath isabs pathinfo pathseparator dotdot glob parseurl validateurl validurl urlscheme isloopback isprivate islinklocal islinklocalunicast hostallowed samesite issamesite
    contenttypeallowlist extensionallowlist uploader uploads sendfromdirectory filename foldername symlink symlinks evalsymlinks openfile frompath
"""
OUTSIDE: Final = """
    params queryparams searchparams querystring requestbody reqbody reqquery reqparams getparameter getparametervalues getquerystring formvalue
    postform postformvalue rawinput userinput untrusted tainted getheader requestparam pathvariable userdata routeparam requestargs requestform
    eventbody cookies
"""
WORDS: Final = vocabulary(QUERIES + COMMANDS + OBJECTS + MARKUP + PLACES + OUTSIDE)

SENSOR: Final = RuleSensor(
    name="injection",
    kind=ChangeClass.CODE,
    words=WORDS,
    words_why="text may become code, a query, a path or markup here",
    near=WORDS,
    near_why="this stands beside a place where text may become code, a query, a path or markup",
    code_rules=(
        rule(r"<%[=-]|\{\{|`[^`\n]{0,80}#\{", "a template, or a command put together from text"),
        rule(
            r"[\"'](?:html|text)/template[\"']|\btemplate\.(?:html|js|url|css|htmlattr|jsstr|srcset)\(|\|\s*(?:safe|raw|n)\b|\{!!|<%==|\bmarkup\(|@html\(|\braw\(|[\"'`]\s*<[a-z][^<>`\"']{0,200}>[^`]{0,200}\$\{|\bhtml[\"'\]]*\s*[:=]",
            "text is put into markup as it is, or escaped",
            given="template html js url css htmlattr jsstr srcset safe raw n markup h1 p div span a b li td tr script img input body h2 h3 ul",
        ),
        rule(r"\$\(\s*[a-z_]\w*\s*\)\.", "a selector or markup is made of a name"),
        rule(
            r"\b(?:starts?_?with\??|has_?prefix|ends?_?with\??|has_?suffix|index_?of|contains|includes?\??|match\??|regionmatches|strn?casecmp|strn?cmp|str_starts_with|str_contains|strpos)\s*\(.{0,60}[\"'`](?:/|\\|\.\.|\.git|:|%|<|https?|file|javascript|data:)|(?:==|!=)\s*[\"'](?:/|\.\.|\\\\|https?|file|javascript)",
            "text that names a place is looked at before it is used",
            given="startswith starts hasprefix has endswith ends hassuffix indexof index contains include includes match regionmatches strncasecmp strcasecmp strncmp strcmp str strpos http https file javascript",
        ),
        rule(
            r"\.(?:g?sub!?|replace(?:all)?|tr|scan|delete)\(\s*(?:/|[\"'`](?:[<>&'\"\\/;%]|\.\.))|\bnewreplacer\(|%(?:[#+]?v|q)\b.{0,80}%(?:[#+]?v|q)",
            "signs are taken out of text, or not",
            given="gsub sub replace replaceall tr scan delete newreplacer v q",
        ),
        rule(
            r"\b(?:select|insert\s+into|update|delete\s+from|union|where)\b.{0,120}\b(?:from|set|values|where|into|like)\b.{0,60}(?:[%+$]|\{|\.\.|\|\|)",
            "a query is put together from text",
            given="select insert update delete union where",
        ),
        rule(
            r"[\"'`][^\"'`]{0,80}\b(?:select\b.{1,120}\bfrom\b|insert\s+into\b|delete\s+from\b|update\b.{1,60}\bset\b).{0,160}[\"'`]\s*[,;)+.]*\s*$|(?<!\w):conditions\b",
            "a query is written out",
            given="select insert update delete conditions",
        ),
        rule(
            r"^\s*[%.#][\w.#-]{1,60}(?:\([^()]{0,80}\)|\{[^{}]{0,80}\})?[!&]?=\s|\brender\s*\(?\s*(?:@|params\b|\w{1,40}\s*\)?\s*(?:#.*)?$)",
            "what is shown is chosen or put in by a name",
        ),
        rule(
            r"\.(?:execute|query|exec|queryraw|raw|run|prepare|find_by|where|order)\(|\b(?:db|conn|stmt|cur|cursor|engine|session|database)\.\w+\(|\bDB::",
            "a query or a command is run",
            given="execute query exec queryraw raw run prepare find findby where order db conn stmt cur cursor engine session database",
        ),
        rule(
            r"\b(?:os|process|runtime|shell|sh)\.(?:system|exec|run|spawn)\w*|\bsystem\(|\bshell\s*[=:]|\bFunction\s*\(|\bcompile\(|\bvm\.|%x[({]|\bcommand::new\(|\bqx[/({]|\bcmd\s*/c\b",
            "a command or code is run",
            given="os process runtime shell sh system function compile vm x command qx cmd",
        ),
        rule(
            r"\$\([^)]*\)\.(?:html|append|prepend|wrap|before|after|css|attr)\(\s*(?!\))|\.html\(|\bhtml\s*=|@html\.|(?:href|src|action)\s*[=:]\s*[\"']?\s*(?:\{|<%|\$|\w+\.)|<a\s+href|<(?:script|iframe|apex:\w+)\b",
            "markup is put together from text",
            given="html append prepend wrap before after css attr href src action script iframe apex",
        ),
        rule(
            r"\b(?:echo|print)\b\s*\(?.{0,80}\$|\bfprint|\bw\.write\(|\bwritestring\(|\bres(?:ponse)?\.(?:write|send|end|render|redirect|sendfile)|\bok\(s?\"|\bas\(html\)|\bresponse\(",
            "an answer is put together from text",
            given="echo print fprint fprintf fprintln w write writestring writer res response ok as",
        ),
        rule(
            r"\b(?:client|https?|axios|got|request|requests|fetch|session|needle|superagent|ws|rest)\.(?:get|post|put|head|patch|delete|request|do|open)\(|\bfetch\(|\burl\(|\$url\b|\bhttps?://[\"']?\s*[+.]|\bhttps?:/{1,2}[^\"'\s]*(?:\$\{?\w|%s|\{\w*\})|\blocation\b|page\.(?:goto|open|evaluate)",
            "an address is put together from text",
            given="client http https axios got request requests fetch session needle superagent ws rest url location page",
        ),
        rule(
            r"\$_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES)\b|\b(?:req|request|ctx|event|r|flask\.request)\b(?:\.|\[)(?:\w+\.)?[\"']?(?:query|body|params|args|form|get|post|headers|data|cookies|env|url|files|values|json)\b|\bargv\b|\bparams\[|\bgets\b",
            "text comes from outside",
            given="get post request cookie server files req ctx event r flask query body params args form headers data cookies env argv gets",
        ),
        rule(
            r"\bopen\(|\b(?:readfile|file_get_contents|fopen|unlink|include|include_once|require_once|extractall)\b|\bnew\s+file\(|\bfilepath\.(?:join|clean|abs|rel|evalsymlinks)\(|\bpath\.join\(",
            "a file is named by text",
            given="open readfile filegetcontents file fopen unlink include includeonce requireonce extractall filepath path",
        ),
        rule(
            r"\byaml\.\w*load|\byaml\(typ|\bcsv\.load|\bmarshal\.load|\btorch\.load|\bunserialize\(|\bjson\.unmarshal\(|\bparser\.(?:parse|write|feed)|__import__|__annotations__|__proto__",
            "text becomes objects",
            given="yaml csv marshal torch unserialize json parser import annotations proto",
        ),
    ),
)
