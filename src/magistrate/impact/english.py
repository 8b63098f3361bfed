"""Common English words, as technical documentation uses them: what a misspelling is not.

Counted over the documentation of some nine hundred packages: words of a public-domain dictionary (Webster's
second edition), and a few hundred that such documentation uses all the same; forms that `known` derives are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

ENDINGS: Final = (
    ("ies", ("y",)), ("ied", ("y",)), ("es", ("", "e")), ("s", ("",)), ("ed", ("", "e")), ("ing", ("", "e")), ("ly", ("",)),
    ("ers", ("", "e")), ("er", ("", "e")),
)  # fmt: skip
SHORT: Final = 3


def known(word: str) -> bool:
    """Whether a word, or the word that it is a form of, is common English."""
    lower = word.lower()
    return lower in WORDS or any(stem in WORDS for stem in _stems(lower))


def _stems(word: str) -> Iterator[str]:
    for end, puts in ENDINGS:
        stem = word.removesuffix(end)
        if stem == word or len(stem) < SHORT:
            continue
        yield from (stem + put for put in puts)
        if len(stem) > SHORT and stem[-1] == stem[-2]:
            yield stem[:-1]


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORDS: Final = _listed("""
a i ad ah am an as at be by do ed eg eh ex go ha he hi ie if in is it la ma me my no of oh ok on or os ox pa pi re so to
up us we ye ai ip id io db js py vs ui uk eu cd ca ci qa ms kb mb gb tb pc hz mm cm km kg mr dr st nd rd th
aaron abandon abbreviated abbreviation abel abigail ability able abnormal abort about above abs absence absent
absolute abstract abstraction abuse abusive academic accelerate acceleration accelerator accent accept acceptable
acceptance access accessibility accessible accident accidental accommodate accompany accomplish accord accordance
account accumulate accuracy accurate achieve acknowledge acknowledgement acknowledgment acquire acquisition acronym
across act action activatable activate activation active activity actors actual acute ada adam adapt adaptation
adaptive adaptor add addendum addition additional address ade adequate adhere adjacent adjust adjustable adjustment
admin administers administration administrative administrator adobe adopt adoption adrian advance advantage
advantageous adventurous advertise advice advisable advise advisory aes affect affiliates affinity affirmer affirms
after afterwards again against age agency agent aggregate aggregation aggressive agnostic ago agree agreement ahead
ahmed aid aim aix aka aladdin alain alan alarm alastair alban albeit albert albrecht alejandro alert alexander
algorithm algorithmic alias align alignment alike alioth alive all allan allegation alleging allen allocate
allocation allocator allow allowable almost alone along alongside alpha alphabet alphabetic alphabetical
alphanumeric already also alt alterations alternate alternative although altogether alum alumni always amazon
ambiguity ambiguous amend america american amir amit among amount amp ampere ampersand amsterdam analogous analysis
analyze anand ancestor anchor ancient ancillary and anderson andre andrea andries android andy angle animation anna
annex annotate annotation announce announcement annoying anon anonymous another answer ant anthologies anthony anti
anton antonio any anybody anyone anything anyway anywhere apache apart api apostrophe apparatus apparent appeal
appear appearance append appendices appendix apple applicable application apply apport appreciate approach
appropriate appropriateness approved approximate approximation april apt arabic arbitrarily arbitrary arc arch
architectural architecture archive are area arenas argon argument ariel arise arithmetic arm arne arnold around
arrange arrangement array arrive arrow art arthur article artifact artistic ascii ash asian aside ask aspect
assamese assemble assembly assent assert assertion assess assets assign assignment assimilated assist assistance
associate association associative assorted assume assumption assure ast asterisk astral astur asymmetric async
asynchronous ata athena atom atomic atomically atomicity attach attachment attack attempt attention attorneys
attribute attribution audience audio audit augment august austin authenticate authentication authenticator author
authoritative authority authorization authorize authorship auto automate automatic automatically autonomous
auxiliary avahi avail availability available avenue average avoid avoidance await awaitable aware away awesome awful
awk awkward axel axis azure back backend background backhouse backlog backspace backtracking backup backward bad
badge bag bail bailey baker balance ball band bandwidth banner bar bare barnes baron barrier barry bart baruch bas
base baseboards baseline bash basic basically basil basis bat batch bear became because beck become been beer before
beforehand begin behalf behave behavior behind being bel believe bell belong below ben bench benchmark beneficial
benefit bengali benjamin benson berets berg berkeley berlin bernard bernd berne berry berserker bert bertrand
besides best bet beta between beware beyond bidirectional big biggest bill billion billy bin binary bind bis bison
bit bitwise black blacklist blah blake blanc blank bless blind blink blob block blog blow blowfish blue blur board
bob body bogus bold boo book bookmarks bookworm bool boolean boost boot bootstrap border boris borrowed bosch boston
bot both bottom bound boundary bourg bourne box brace bracket brad bradley bradshaw branch brand brandon bravo
brazil brazilian breach break breakage brendan brent brett brian bridge brief bright bring british broad broadcast
broke broken brought brown browse bruce bruno bryan bryce bubble bucket buffer bug buggy build buildable buildd
built bulgarian bulk bull bullet bump bunch bundle bunk burden burgess burke burmese burton bus business buster busy
but button buy bye bypass cache cairo cal calculate calculation calculator calendar california call callable
callback calle cam came camel campaign can can't canary cancel cancellation candidate cannot canonical cap
capability capable capacity capital capitalization capitalize caption capture carbon card care careful caret carl
carlo carmen carnegie carolina carriage carry carsten carter cascade case cast cat catalan catalog catch categorized
category caught cause caution caveat cbc cease cedric ceil cell center central centrum century certain certificate
certification chad chain challenge champaign chance chang change changelog channel chaos chapter char character
characteristics charge charles charlie chart chary chat cheap check checkout checkpoint chen cheng chew chi chia
child children chin china chinese chip cho choice choose chop choreographic chose chosen chris christian christophe
christos chrome chromium chuck chun chunk cinematographic cinematography cipher circle circuit circular circumflex
circumstance circus cisco citation cites citrus city claim clamp clang clara clarification clarify clarity clark
clash class classic classification classifier classify claude clause clean cleanup clear clever cli click clickable
client cliff cline clint clip clipboard clobber clock clog clone close closest closure cloud cluster coalescing code
codebase coefficient coerce coercion coexist col cole colin collaboration collaborative collapse collate collation
collect collection collective collector collide collins collision colon color colour columbia column combination
combine combo come comfortable comma command commence comment commercial commission commit commitment committee
common commonwealth communicate communication community compact companion company comparable compare comparison
compatibility compatible compelled compensation competent competition compilation compile complain complaint
complement complete completeness completion complex complexity compliance compliant complicated comply component
compose composite composition compound comprehensive compress compression compressor compromise compulsory
computation compute con concatenate concatenation concept conceptually concern concise conclusions concrete
concurrency concurrent cond condensed condition conditional conduct confer confidence confidential confidentiality
config configurable configuration configure confirm confirmation conflict conform conformance conformant confuse
confusion conjunction connect connection connectivity conrad consecutive consensus consent consequence consequential
consequently conservative consider considerable considerably consideration consist consistency consistent console
consolidate consortium conspicuously constant constitute constrained constraint construct construction constructor
construed consult consume consumption contact contain containment contemplated contemplating content contention
contest context contiguous continually continuation continue continuous contract contradict contrary contrast
contravention contribute contribution contributor contributory contrived control convenience convenient convention
conventional conversely conversion convert convex convey cook cookie cool coon cooper cooperative coordinate
coordination cope copy copyright copyrightable core corner corp corporate corporation correct correction correctness
correspond corrigendum corrupt corruption cortex cos cosh cosmetic cost costa could council count counterclaim
counterpart country couple courier course court courtesan courtesy covariant cover coverage coveralls cpu crafted
craig crash crates crawford cray create creation creative creator credential credit criteria criterion critical
croatian cross crucial crypt cryptic cryptographic cryptographically cryptography cube cultural culture cumbersome
cumming cur cure curl curr currency current currentness curses cursor curtis curve custom customarily customary
customizable customize cut cycle cyclic cygnus cyril cyrillic czech daemon dahlin daily dale dam damage damon dan
dancers danger dangerous dangling daniel daniele danish danny darin dark darren das dash dat data database dataset
date datum daur dave david davies dawes day daylight deactivate dead deadlock deal dean death deb debian decay
december decent decide decimal decision declaim declaration declarative declare decode decompose decomposition
decompress decompression decoration decorator decrease decrement decrypt dedicated dedication deduce deduction deem
deep default defect defective defend defense defer define definitely definition definitive deflate deflation defunct
degree del delay delegate delegation delete deletion deliberate delimited delimiter deliver delivery delta demand
demarcate demon demonstrate demos den denial denis dennis denote deny department depend dependency dependent
depicted deploy deployment deprecate deprecation depth derek derivation derivative derive derogatory descend
describe description descriptive deserialization design designate desirable desire despite destination destroy
destruction destructive destructor detach detail detect detection determination determine deterministic detriment
dev develop development device devised diagnose diagnostic diagram dial dialect dick dickey dictionary did didier
die died diego dienes dieter differ difference different differentiate difficult difficulty digest digit digital dim
dimension dimensional ding direct direction directive directory dirk dirty disable disallow disappear discard
disclaim disclosed disclosure disconnect disconnection discord discourage discover discoverable discovery
discrepancy discrete discretion discriminated discuss discussion disjoint disk dispatch display dispose disposition
disputes disrupt dissemination distance distinct distinction distinguish distort distortion distributable distribute
distribution distributor ditto div diverse divide division divisor dkg doc docker document documentation does doesnt
doing doko dolfs dollar dom domain dominic don donald donated done donor dont door dos dot double doubt doug douglas
down downgrade downside downstream dozen draft dragon dragonfly drake dramatic draw drawable drawn drill drive
driven drop dry dual due dug dumb dummy dump dup duplicate duplication duration during dutch duty dwarf dying
dynamic dynamically each eager earlier early ease easier easiest easily east easy eating echo eclipse ecosystem eddy
edge edit editable edition editor editorial edmonds eduardo edward effect effective efficiency efficient effort egg
eight either elaborate elaborations elapsed elect election electronic electrotechnical elegant element elevated elf
eli elian elias eligible eliminate elizabeth elliot elliott ellipses ellipsis elliptic else elsewhere email embed
embodied embodiments emil emission emit emmanuel emphasis emphasize employed employer empty emulate emulation enable
encapsulated enclose encode encounter encourage encrypt encryption encyclopedias end endless endorse endorsement
endpoint energy enforce enforceability enforceable enforcement engine english engraving enhance enhancement enjoy
enjoyment enough ens ensure enter enterprise entertainment entire entirety entitled entity entropy entry enumerate
enumeration envelope environ environment environmental ephemeral epoch epsilon equal equality equipment equitable
equivalence equivalent era erase eric erik ernst err errata erroneous error escape especially esperanto essential
establish estimate estonian eugene european eval evaluate evaluation evan even event eventually ever every everybody
everyone everything everywhere evidence evil evolution ewing exact examination examine example exceed excellent
except exception exceptional excerpt excess excessive exchange exclude exclusion exclusive excuse executable execute
execution executor exercise exhaust exhaustion exhaustive exhibit exist existence existent exit expand expansion
expect expectation expense expensive experience experiment experimental expert expiration expire expiry explain
explanation explanatory explicit exploit exploitable exploration explore exponent exponential exponentiation export
expose express expression extend extensible extension extensive extent extern external extra extract extraction
extraneous extreme eye fabian face facet facilitate facility fact facto factor factorial factory factual fail
failure fair faith fake falk fall fallback false familiar family fan fancy faq far fashion fast fastest fat fatal
fault faulty favor favorite fear feature february fed federal fedora fee feed feedback feel felix fellows felt
fernando fetch few field fifo fifth fifty figure file filename filippo fill filter final finalization finalize find
fine fingerprint finish finite fink finnish fips fire firewall firm first fish fit fitness five fix fixation fixture
flag flake flash flat flatten flavor flaw fleming fletcher flex flexibility flexible flight flip float flock flood
floor floppy florent florian florin flow flush fly focus fog fold folklore folks follow font foo fooled footer
footnotes footprint for fora forbid forbidden force forcibly foregoing foreground foreign forever forge forget
forgot forgotten fork form formal format formula forth forthcoming fortify fortran fortunately forum forward foster
found foundation four fourth fox fraction fractional fragile fragment frame framework francis francisco francois
frank franklin fraser fred frederic frederik free freedom freeze french frequency frequent fresh friend frolic from
front frontend frost frozen ftp fuchs fuchsia fulfill full fullest fully fun function functional functionality
fundamental funded funding fur furnished further furthermore fury fuse future fuzz fuzzy gabriel gailly gain galas
galician gallium gamble games gamma gang gap garbage gary gas gate gateway gather gave gawk gay gen gender general
generalize generate generation generator generic generous gentoo geoff geoffrey geographical geography geometry
george gerald german get giant gid gif gil gilbert gimp gio giovanni git github gitlab giuseppe give given glade
glam glenn glib glitch glob global glossary glue glyph gnat gnome gnu goal goes going gold golden gone good goodwill
google gordon got gotten govern government grab gracefully gradient graham grained grammar grammatical grant
granularity graph graphical graphics grateful gratis gray great greatest greek green greg gregor gregorian gregory
grey groff grossly ground group grow grown growth grub guarantee guard guess guest gui guidance guide guidelines
guido gunnar guy hack had hal half hall halt halves hamburg hamilton hand handful handle handshake handy hang hangul
hannes hans hao happen happily happy hard harden hardware hare harm harmful harmless harness harper harris harry
harvard has hash hat hatch have haven havoc hazel hdl head health heap heard heartbeat heath heavily heavy hebrew
height hein heirs held helge helix hello help helpful hence henning henry her here hereafter hereby herein
hereinafter hereof hereunder hesitate heuristic hex hey hicks hidden hide hierarchical hierarchy high highest
highlight hill him himself hindi hint his histogram historic historical history hit hoger hoi hold hole home hong
honor honour hood hook hope hopefully horizontal host hot hour house hover how howard however hoyer html http hubert
huge hugh hugo human hundred hung hungarian hunter hut hybrid hyper hyphen hypothetical i'm ian ice icon ide idea
ideal idempotent identical identifiable identification identifier identify identity idiom idle ignorable ignore ilia
ill illegal illinois illuminate illustrate illustration ilya image imagine immediate immune immutable imp impact
implement implementation implication implicit import importance important impose impossible improper improve
improvement inability inaccessible inaccuracies inaccurate inactive inadvertently inappropriate inc incidental
include inclusion inclusive incoming incompatibility incompatible incompatibly incomplete inconsistency inconsistent
inconvenient incorporate incorrect increase increment incremental incurred indeed indefinitely indemnify indemnity
indent indentation independent index india indic indicate indication indicator indirect indirection individual
indonesian induce industries ineffective ineffectiveness inefficient inevitably inexpensive infer infile infinite
infinity inflate influence inform information informational informative infra infrastructure infringe infringement
ing inherent inherit inheritable inheritance inhibit initial initialise initialization initialize initiate
initiative initiator inject injection injury inner ino input insane insecure insensitive insert insertion inside
insight insist inspect inspection inspector inspired install installable installation instance instantiate instead
institute institutions instruct instruction instrumentation insufficient intact integer integral integrate
integration integrity intellectual intend intensive intent intention intentional inter interact interaction
interactive intercept interchange interconvertibility interconvertible interest interface interfere interference
interior interleaved intermediary intermediate intermittent intern internal international internationalization
internationalized internet interoperability interoperable interpolate interpolation interposition interpret
interpretation interrupt interruption intersect intersection interval intervening intervention into intrinsic
introduce introduction introspect introspectable introspection intuitive invalid invalidate invalidation invalidity
invariant invented inverse inversion invert investigate invisible invocation invoke involve irrelevant irrespective
irrevocable irrevocably iso isolate isolation issue italian italic item iter iterable iterate iteration iterative
iterator its itself ivan jack jackson jacob jacques jakob jam jamie jan janos january japan japanese jar jard jargon
jason java javascript jay jean jeff jeffrey jenkins jeremy jerez jerome jesper jesse jessie jesus jim jin jinja jiri
joachim job jochen joe joel joey johan john join joint jon jonas jonathan jordan jorge jos jose joseph josh joshua
josip journal journald jover joy jpeg json juan judged judgment judicial juergen julia julian julien julio july jump
jun june jung junior junk jurisdiction jussi just justification justify justin justus kai kaiser kang karel karl kay
keep kees keith ken kenneth kent kept ker kern kernel kevin key keyboard keyword kicked kill kim kind king kit klaus
know knowledge known knut koch koi konrad konstantin konstantinos korea korean kris kristian krzysztof kurt kyle lab
label laboratory lack laid lambda lance land lane lang language lao large largest larry lars last late latency
latent latest latex latin latter latvian launch launchpad laurent law lawrence lawsuit lawyer lax layer layout
lazily lazy ldl lead leaf leak leap learn least leave lecture led lee left leftover legacy legal legend legitimate
leigh len length lengthy lenient lenny leon less let lev level levin lewis lex lexical liability liable lib liberal
library licence licensable license licensee licensor lie lieu life lifetime lifted light lightweight like likelihood
likeness likewise limit limitation lin line linear linguistic link linkage lint linus linux lionel list listen lite
literal literary lithography lithuanian litigation little live load loadable local locale localisation localization
localize locate location lock log logic logical login logo lone long longest look lookup loop loose loosen lord
lorenzo lose loss lost lot louis loup love low lowercase lowest lsd lucent lucian luck ludwig luigi luis lukas luke
lynx maarten mabi mac machine machinery macintosh macos macro made magic magically magnitude magnus mail mailbox
mailman main mainline maint maintain maintenance major majority make mal malayalam malcolm male malformed
malfunction malicious man manage management mandated mandatory mangled mangling manifest manipulate manipulation
manual manuel manufacturer many map mar maraas marc marcel march marco marek margin maria marie mario mark markdown
market marko markup markus marques marshal marshall mart martin martinez mas mask massachusetts massive master mat
match material math mathematical mathematics matrix matt matthew matthias matthieu mattis mature maturity max maxim
maxima maximal maximum may maybe mazurs mean meaningful meaningless meant meanwhile measure measurement mechanical
mechanism media medical medium meeks meet mellon mem member membership memory mention menu mere merge merino mesa
meson mess message met meta metadata meth method metric michael michel michigan micro microsecond mid middle
middleware midnight might migrate migration miguel mikael mike mil milan milestone million millisecond milo mime
mimics min mind ming minified minimal minimize minimum minor minus minute mirror mis misaligned miscalculation
miscellaneous mishandles misleading mismatch misplaced misrepresented mistake mistakenly mistry misuse mitch
mitchell mitigate mitigation mitre mix mixture mobile mock mod mode model moderate modern modifiable modification
modifier modify modular module modulo modulus mohammed moment mon monadic monday money monitor monkey mono monotonic
month moore mops mora moral more moreover morgan morin morris moscow most motion motivation mount mouse move
movement msg much mulley multidimensional multilingual multiple multiplication multiplier multiply multithreaded
murphy murray music musical musicians must mutability mutable mutate mutilate mutilation mutual myself naive nam
name namespace nan narrow nas nasty nate nathan nathaniel national nations native natural nature navigate navigation
neal near nearest neater necessarily necessary need needless negate negation negative negligence negligent negotiate
negotiation neighboring neil neither nelson neon ness nest net nett nettle network neutral never nevertheless new
newest newline next nguyen nice nicholas nick nicolas niels nig nightly nil nine ninja nis nix noah nobody node noel
noise noisy non nonblocking nonce none nonetheless nonexclusive nonexistent nonsense nonsensical nonstandard
nonstatic nonzero noop nor norbert norm normal normalization normalize norman north norwegian not notable notably
notation note noteworthy nothing notice noticeable notification notify notion notwithstanding november now nowadays
nth nul null number numeric numerical numerous oaks oasis obey obfuscation object objective obligated obligation
oblique obscure observable observation observe obsolete obtain obvious occasional occupied occupies occur occurrence
octet october odd off offending office official offline offset often okay olaf old oldest ole oleg oliva oliver
olivier olson omission omit once one ongoing online only onto onwards oops opacity opaque open opera operand operate
operation operational operator opinion opportunity opposed opposite opt optimal optimised optimization optimize
option optional oracle orange order ordinarily ordinary organization organize orientation oriented origin original
originate orphaned oss oswald other otherwise ought our ourselves out outcome outdated outgoing outline outlook
output outside outstanding over overall overcome overflow overhaul overhead overlap overlay overload override
overrun overtly overview overwrite owen own ownership pablo pack package packet pad page paid pain paint pair
pairwise palette palm palus pam pamphlet pan panel panic paolo paper par para paragraph parallel parallelism param
parameter paren parent parentheses parenthesis parenthesized paris parity park parkway parliament parrot parsable
parse part partial participants participate participation particular partition partnership party pascal pass passive
password past paste pat patch patel patent path pathological patrick pattern paul pause pay payload payment peak
pedantic pedro peek peer peled penalty pending people pep per percent percentage pere perfect perform performance
performant perhaps period periodic periodically perm permanent permissible permission permissive permit permutation
perpetual perrier perry persist persistence persistent person personal personality perspective pertain pertinent
peter petr petter phane phantom phase phi phil philip philippe phillip philosophy phobos phoenix phone phonogram
photographic photography phrase physical physics pic pick pickle picture pie piece pierre pile pim pin ping pino
piotr pip pipe pipeline place placeholder placement plain plan plane platform plausible play please plenty plug
pluggable plugin plumb plural plus pod point pointless policy polish poll polluting pollution poly polygon pool poor
pop popular populate port portability portable portion portuguese position positional positive possibility possible
possibly post postfix postscript pot potential pow powerful practicable practical practice pradeep preamble precede
precedence precise precision precompiled predecessor predefined predicate predict predictable prefer preferable
preferably preference prefix prejudicial preliminary premature prep preparation prepare prereleases prerequisite
presence present presentation preservation preserve preset president press pressure presumably presumption pretend
pretty prevailing prevent preview previous price primarily primary prime primitive principal principle print
printable prior prioritize priority privacy private privilege pro probability probably probe problem problematic
procedure proceed process processor prod produce product production profile profit prog program programmatically
progress progressive prohibit project prominent promise promote promotion promotional prompt prone proof prop
propagate propagation property proportional proposal propose proprietary prospectively protect protection protector
proto protocol prototype prove proven provenance provide provision provisional provoke proxy prune pseudo pseudonym
pub public publication publicity publish pull punctuation pure purge purple purpose pursuant push put python
quadratic qualification qualifier qualify quality quantity quantum query question questionable queue quick quiet
quirks quit quite quot quota quotation quote race racy radio radius radix rafael rahul rainer raise raj ralf ralph
ram ran rand randolph random randomization randomized randomness randy range ranjit rank raphael rapid rare rate
rather ratio rational rationale raven raw ray raymond reach reachable react read readability readable readily readme
ready real realistic reality realize realm reap rearranged reason reasonable reasonably rebalance rebroadcast
rebuild rebuilt recalculate recast receipt receive recent recipe recipient recitations reclaim recognition
recognizably recognize recommend recommendation recompilation recompile reconnect record recover recoverable
recovery recreate rect rectangle recurse recursion recursive red redefine redefinition redesign redirect redirection
redistribute redistribution redistributors redo reduce reduction redundant redwood reed reentrant reese ref refactor
reference referential referral refine reflect reflection reformed refrain refresh refuse reg regard regardless
regenerate regeneration regents regex region register registration registry regressed regression regular regulation
rehash reid reinstate reinterpreting reintroduced reiter reject rejection rel relate relation relationship relative
relax relay release relevant reliability reliable reliably reliance relicense relinquish reload relocatable relocate
relocation rely remain remainder remark remedy remember remi reminder remnant remote removal remove ren rename
render reopen reorder reorganize rep repair repeat repeatable repetition repetitive replace replaceable replacement
replay replicated report repository represent representation representative reproduce reproducible reproduction
republic reputation request require requirement reread rerun res rescission research resellers resembles reserve
reset reside resident resilient resistant resize resolution resolve resort resource resp respect respective respond
response responsibility responsible rest restart restore restrict restriction restrictive result resume ret retain
rethrow retrieval retrieve retroactively retry return reuben reusable reuse rev revalidate revamp reveal reverse
reversible revert review revise revision revisit revocation revoked rewind reworded rework rewrite ric ricardo rice
rich richard rick rid right rightmost ring risk risky ritter river rob robbins robert roberto robin robot robust
robustness roger roland role rolf roll romain roman romanian rome ron ronald room root roques rose rosen rosetta
ross rotate rotation rough round route routine row roy royal royalty ruby rudimentary rudolfs rudolph ruff rule run
runaway runnable runtime rusin russ russell russia russian rust rusty sad safe safest safety said sake sale salt sam
samba same samp sample samuel san sandbox sane sanitize sanity santa santiago santos saratoga sat satisfactory
satisfy savannah save saw sax say scalable scalar scale scan scenario scenes schedule schema scheme schneider school
schwarz science scientific scope score scott scratch screen screenplay script scroll sculpture sdk seal sean search
sebastian sec second secondary secret sect section secure security see seed seek seekable seem seemingly seen
segment segmentation select selectable selection selective selector self sell semantic semantically semaphore semi
semicolon send sense sensible sensitive sensitivity sent sentence sentinel separable separate separation separator
sept september sequence sequential ser serbian serge sergei sergio serial serializable serialization serialize
series serif serious sermon serve service session set seth settable settle setup seven several severe severity sha
shadow shah shall shallow shape share sharp shaw shawn she shebang shell shield shift shim shin ship short shorten
shortest shorthand shot should show shown shrink shrunk shuffle shut shutdown sibling side sievers sig sign signal
signature significant sil silence silent silicon silva sim similar simon simple simplest simplicity simplification
simplify simply simulate simultaneous sin since sing singh single singleton singular sinh sink sit site situation
six size skeleton sketch ski skill skip slack slash slave sleep slice slide slight slot slovak slovenian slow
slowdown small smallest smart smashing smith smooth snake snap snapshot snippet society sock socket soft software
solar sold sole solid solution solve some somehow someone something sometime somewhat somewhere song soon
sophisticated sorry sort sought sound source south southern space spam span spanish spare sparse spawn speak spec
special specializations specialized specific specifically specification specifier specify speculation speculative
speed spelled spelling spencer spend spent sphinx spider spin spirit splice split sponsor sponsorship spot sprawl
spread spurious square stab stability stable stack stage stale stallman stamp stand standard standardization
standardize star start state stateless statement static statically statistics stats status statute statutory stay
steady steal stefan stein stem step stephan stephane stephen steve steven steward stewart stick sticky still
stimulate stock stone stop stoppage storage store story straight straightforward strand strange strategy stray
stream street strength strengthen stress stretch strict string strip strode stroke strong structural structure
stuart stub stuck student studio study stuff stupid style sub subclass subject sublicensable sublicense
sublicenseable submission submit suboptimal subpackages subrange subscribe subscript subscription subsection
subsequent subset subsidiary substance substantial substitute substitution subsumption subsystem subtle subtly
subtract subtraction subtype succeed success successful succession successive successor such suffer suffice
sufficient suffix suggest suggestion suid suit suitability suitable suite sum summarize summary sun sunday sup
superclass superfluous superior supersede supplemental supplementary support suppose suppress suppression sur sure
surface surname surprise surrender surrogate surrounded surrounding survive susceptible suspect suspend suspicious
swallow swap swedish swiss switch symbol symbolic symmetric symptom sync synching synchronization synchronize
synchronous synonym synonymous synopsis synopsys syntactic syntactically syntax synthesize synthetic system
systematic systemd tab table tag tail taint taira take taken talk tamil tan tang tanh tap tar taras target task
taylor team teardown tech technical technique technological technology ted tee teg telegraph telephone tell telugu
temp template temple temporal temporarily temporary ten tend term terminal terminate termination terminator
terminology territories test texas text textual thai than thank that the thead their them theme themselves then
theodore theoretical theory there thereafter thereby therefore therein thereof thereto these they thierry thin thing
think third thirty this thomas thoroughly those though thought thousand thread threat threatened three threshold
threw through throughout throughput throw thrown thru thumb thus tick ticket tid tidy tie tied tiered tiff tight
tilde tile till tim time timestamp timo timothy tin tiny tinyness tip title tobias toby today todd together toggle
token told tolerant tolerate toll tom tomas tommy tone tony too took tool top topi topic topography topological
topology tor torn torsten tort torture total touch toward tox trace track trade trademark traditional traffic
trailer trailing traits trans transaction transactional transfer transferable transform transformation transient
transition transitional translatable translate translation translator transmission transmit transparency transparent
transport transpose tranter trap trash traversal traverse travis treat treatment treaty tree trent trial trick
tricky tried tries trigger trim trio trip triple triplet tristan trivial trouble troy true truly truncate truncation
trunk trust truth try tst tucker tue tune tungsten tunnel tuple turkish turkmen turn tut tutorial tweak twice
twisted twitter two tyler type typescript typical typo typographical ubuntu ugly ukrainian ultimate ultra unable
unacceptable unaffected unaligned unaltered unambiguous unary unauthenticated unauthorized unavailable unavoidable
unaware unbalanced unbind unblock unbound unbuffered uncaught unchanged unchecked unclear unclosed uncommon
uncompressed unconditional unconstrained undeclared undefined under underflow underline underlying underneath
underscore understand understandable understood undesirable undesired undo undocumented unenforceable unescaped
unevaluated unexpected unfair unfinished unfortunate unhandled unhelpful unicode uniform unify uninstalled
unintended unintentionally union unique unit unittest universal university unix unknown unless unlike unlimited
unlink unload unlock unmaintained unmapped unmatched unmentioned unmodified unnamed unnecessarily unnecessary
unneeded unofficial unordered unpack unpaired unpredictable unprintable unprivileged unprocessed unquoted
unreachable unreadable unrecognized unreferenced unregistered unrelated unreleased unreliable unresolved
unrestricted unsafe unset unsigned unsorted unspecified unstable unsuccessful unsuitable unsupported unsure
unsynchronized unterminated untested until untouched untrusted untz unusable unused unusual unwanted unwind unwrap
upcast upcoming update upgrade upload upon upper upstream upward urban urgency urgent uri url usability usable usage
use used useful usefulness useless user username using usual utah utility utilization utilize uva vadim vague val
valid validate validation validity valuable value van variable variant variation variety various vary vast vector
vendor venture venue vera verb verbal verbatim verbose verbosity verification verifier verify vernon version versus
vertical very via vice victor video vietnamese view viewable vila ville vim vincent vincenzo vine violate violation
virginia virtual vis visibility visible visit vista visual vitaly vladimir void vol volatile volume voluntarily
voluntary volunteers vulnerability vulnerable wait waivable waive wake walk wall walsh walter wang want warn warp
warrantee warrants warranty warray warsaw was waste watch waw way wayne weak weakening weather web website wed week
wei weight weird welcome well went were werner west what whatever whatsoever wheel when whenever where whereas
whereby wherein wherever whether which whichever while white whitespace who whoever whole wholly whom whose why wide
widen widespread width wild wildcard wilk will william wilson wim win window wine winkler wint wire wireless wise
wish with withdraw withdrawn within without wiz wolf wolfgang won won't wong woodhouse word work workflow workload
world worry worse worst worth would wrap writable write writeable written wrong wrote xxx yahoo yamato yaml yang yat
year yee yellow yelp yen yes yet yield york you young your yourself zach zak zero zip zombie zone zoom zope
""")
