"""By which words does an English sentence jump, end, limit, order or address somebody? (pure)"""

from __future__ import annotations

import re

ABBREVIATIONS = re.compile(
    r"(?i)\b(?:e\.g|i\.e|etc|vs|approx|no|fig|cf|resp|incl|max|min|dr|mr|mrs|ms|st|a\.m|p\.m|inc|ltd)\.$"
)
AS_IT_STANDS = re.compile(r"(?i)^do: +(?=\S)")
NOTE = re.compile(
    r"(?i)^(?:note|nb|n\.b\.|tip|hint|example|fyi|info|background|remark|reminder)(?: that)?\s*[:,\u2013-]+\s*"
)
LEAD = re.compile(
    r"(?i)^(?:(?P<first>first(?:ly)?(?: of all)?|to begin with)|"
    r"(?P<before>(?:but )?before (?:that|this|doing (?:so|this|that)|you do (?:so|this|that))|beforehand|"
    r"prior to (?:that|this|doing so))|"
    r"(?P<optional>optionally|as a last resort|optional|if (?:you (?:like|want|wish|prefer)|desired|wanted)|"
    r"as an option|"
    r"(?:you|we) (?:may|can|could) (?:also |optionally )+|"
    r"in (?:some|rare|certain)(?: \w+)? (?:cases?|situations?))|"
    r"(?P<other>alternatively|as an alternative|another way is to|or(?: else)?(?= \w+ (?:the|a|an|it)\b))|"
    r"(?P<then>then|after (?:that|this)|afterwards?)|please|kindly|next|second(?:ly)?|third(?:ly)?|finally|lastly|"
    r"now|also|and(?: then)?|but|additionally|"
    r"subsequently|at this point|in addition|again|thereafter|immediately|simply|"
    r"manually|carefully|just|important|warning|caution|attention|instead|"
    r"in (?:many|most)(?: \w+)? (?:cases?|situations?)|step \d+(?=:)|\(?\d{1,2}(?=[.)] ))\b[ ,:.)]*(?=\S)"
)
TARGET = r"(?:the )?(?:steps?|sections?|path|phase|part|stage|point|item|option|task)\s+(\d+(?:\.\d+)*[a-z]?|[a-z]\b)"
GO = re.compile(
    r"(?i)^(?:(?:you |we )?(?:can |should |must )?)(?:go|proceed|return|continue|skip(?= (?:\w+ )?to\b)|jump|move|"
    r"advance|start over|"
    r"restart|resume|retry|loop|come|start again|begin again|repeat|follow|perform|execute|do|try)\b"
    r"(?: (?:on|back|ahead|directly|straight|again|over))*(?: (?:to|with|from|at|through|the process from|"
    rf"the procedure from))*\s+{TARGET}(.*)$"
)
GO_NEXT = re.compile(
    r"(?i)^(?:(?:go|proceed|continue|move|skip)\b(?: (?:on|ahead|directly|normally))*(?: (?:to|with))*"
    r"(?: the)? (?:next|following|remaining) (?:step|section|phase|stage|steps|one|item)s?.*|"
    r"(?:continue|proceed|carry on|go on|move on|go ahead)(?: normally| as usual| with (?!step).*)?)[.]?$"
)
GO_ON = r"(?:proceed|continue|go on|move on|start|begin|go ahead|go (?:any )?further|carry on|advance)\b"
GATE = re.compile(
    rf"(?i)^(?:you |we )?(?:must not|should not|may not|cannot|can't|do not|don['\u2019]t|never)\s+{GO_ON}"
    r"(?P<what>.*?)(?:,?\s*\b(?P<word>unless and until|unless|until|if|when|while|as long as|before|without)\s+"
    r"(?P<condition>.+))?$"
)
ONLY_GO = re.compile(
    rf"(?i)^(?:you |we )?(?:may |can |should |must )?(?:only {GO_ON}(?! over)[^,]*?|{GO_ON}[^,]*?,?)\s+"
    r"(?P<word>(?:only )?(?:if|when|once|after|provided(?: that)?))\s+(?P<condition>[^,]+)$"
)
ABORT = re.compile(
    r"(?i)^(?:you |we )?(?:must |should |can )?(?P<verb>abort|quit|exit|stop|halt|cancel|terminate|bail out|give up)\b"
    r"(?P<what>[^,;]*?)(?:,?\s+(?P<word>if|when|whenever|unless|in case(?: that| of)?|as soon as|should|once)\s+"
    r"(?P<condition>.+))?[.!]?$"
)
NOTHING_MORE = re.compile(
    r"(?i)^(?:(?:you are |we are )?(?:done|finished|finish here)|end(?: the| of(?: the)?)? (?:procedure|process|call|"
    r"here)|(?:this|the) (?:procedure|process|runbook|issue|problem|incident|case) is (?:complete|"
    r"finished|done|over|resolved|solved|closed)(?: here)?|(?:this|the) (?:procedure|process|runbook) ends(?: here)?)"
    r"[.!]?$"
)
NOTHING = re.compile(
    r"(?i)^(?:(?:you |we )?(?:need |have |must |should )?(?:to )?do nothing(?: more| else| further)?|"
    r"(?:there is |there's )?nothing (?:more |else |further )?(?:needs |has )?(?:to (?:do|be done)|is (?:to be done|"
    r"needed|required))|(?:there (?:is|are) )?no (?:further |other |more )?(?:action|steps?|work)(?: (?:is |are )?"
    r"(?:needed|required|necessary))?.*|(?:leave|keep) (?:it|them|everything)(?: alone| (?:just )?as (?:it is|they are|"
    r"is))?|ignore (?:it|this|them|the (?:alert|alarm|warning|message)))[.!]?$"
)
ESCALATE = re.compile(
    r"(?i)^(?:you (?:must|should|need to) )?(?:escalate|transfer (?:the |this |"
    r"your )?(?:user|customer|caller|call|case|ticket|chat|client|patient)\b|(?:hand|transfer|contact|call|page|"
    r"open a (?:support )?(?:case|ticket)(?: with)?|raise a (?:support )?(?:case|ticket)(?: with)?|reach out to)\b"
    r".{0,40}\b(?:support|vendor|on-?call|help ?desk|service desk|second line|third line|level [23]|tier [23]|l2|l3))\b"
)
CONDITION = re.compile(
    r"(?i)^(?:only |and |but |or )*(if|when|whenever|in case(?: that| of)?|in the (?:event|case)(?: that| of)?|"
    r"upon(?= an? )|on(?= (?:an? )?(?:\d|error|failure|timeout|success)[^,:]*[,:])|"
    r"at(?= \d[\d.]* ?(?:%|percent)[^,:]*[,:])|"
    r"provid(?:ed|ing)(?: that)?|assuming(?: that)?|(?:as|so) long as|unless|where|should|for cases where|while)\b\s+"
    r"(.+)$",
    re.S,
)
BAND = (
    r"(?:up to|over|above|below|under|between|(?:more|less|fewer|greater|larger|smaller|older|newer|higher|lower) than|"
    r"at least|at most|exceeding|without|with no|[<>\u2264\u2265]=?)"
)
AMOUNT = r"[$\u20ac\u00a3]?\d[\d.,]*(?:\s?[%$\u20ac\u00a3k])?"
HEAD = re.compile(
    rf"(?i)^(?:(?P<for>for|on|in|with)\s+(?P<what>[^,:]+?)[,:]\s+|(?P<band>{BAND}\s[^,:>]*|(?:[<>\u2264\u2265]=?\s*)?"
    rf"{AMOUNT}(?:\+|\s*(?:to|-|\u2013|and|or (?:more|less|above|over|below))(?:\s*{AMOUNT})?)?(?: [^\W\d]+)?|"
    rf"[^,:]{{2,60}}? only|"
    r"(?:severity|sev|priority|level|tier|category|class|case)\s*\d[^,:]{0,30}|P\d)\s*(?::|,|\s[\u2013\u2014-]\s|\u2192|->|=>|\u21d2)\s*|"
    r"(?P<arrow>[^,:>]{2,80}?)\s*(?:\u2192|->|=>|\u21d2)\s*)(?P<then>\S.*)$"
)
NO_CASE = frozenset(
    "example instance details more further information this that help safety now each every all any reference".split()
)
"""Words behind "for" that name no case of several."""
ELSE = re.compile(
    r"(?i)^(?:or |and |but )?(?:otherwise|else|or else|if (?:it (?:is|does|has|was) )?not(?=\s*[,:;\u2013\u2014-])|"
    r"if not(?= (?:then )?\w+ )|if no(?=[,:])|if none(?: of (?:these|the above|them))?(?: \w+)?(?=[,:])|"
    r"in (?:all|any) other cases?|in every other case|if this is not the case|in the other case|"
    r"for everything else|all others|everything else(?=[,:]))\b[ ,:;\u2013\u2014-]*(.*)$",
    re.S,
)
ANSWER = re.compile(
    r"(?i)^[\"'\u201c*(]*(?:if )?(yes|no)\b[\"'\u201d*)]*(?:\s*(?:\([^)]*\)))?\s*(?:[:,;.\u2013\u2014-]|->|"
    r"\u2192|=>|then\b)+>?\s*(.*)$",
    re.S,
)
IN_THAT_CASE = re.compile(r"(?i)^(?:(?:only )?in (?:this|that|such a|these|those) cases?|if so)\b[ ,:]*(\S.*)$", re.S)
TAIL_ELSE = re.compile(
    r"(?i)\s*(?:[;,.]|\s[\u2013\u2014-])\s*(?:and |but |or )?(?:otherwise|else|if not|or else)\b[ ,:]*|"
    r"\s+(?:otherwise|or else|else)\s+(?=\w)"
)
NUMBERS = r"\d+(?:\.\d+)*(?:(?:\s*(?:,|and|or|to|through|[\u2013-])\s*)+\d+(?:\.\d+)*)*"
SKIP = re.compile(
    rf"(?i)^(?:skip\s+(?P<verb>)(?:(?:over )?(?P<steps>(?:the )?steps? {NUMBERS}|the next step|the following step)|"
    r"it|this(?: step)?)?|"
    rf"(?:(?P<named>(?:the )?(?:steps?|items?|points?) {NUMBERS})|this(?: step| item)?|it|that|which|the step)?,?\s*"
    r"(?P<how>(?:can|may|should|must|is|are|need(?:s|ed)?|apply|applies|do(?:es)?|not|un(?:needed|necessary|required)|"
    r"only|optional|if|when|for)\b[^,]*?))\s*(?P<word>\bif|\bwhen|\bunless|\bfor|\bin case)\s+(?P<condition>[^,]+)$"
)
SKIP_BARE = re.compile(
    rf"(?i)skip (?:(?:over )?((?:the )?steps? {NUMBERS}|the (?:next|following) step)|it|this(?: step)?)[.]?$"
)
LEFT_OUT = re.compile(
    r"(?i)skip|omit|left out|not (?:be )?(?:needed|necessary|required|apply)|un(?:needed|necessary)|optional"
)
WANTED = re.compile(r"(?i)\bonly\b|\bneeded|necessary|required|\bapply|\bapplies")
THAT_FAILED = re.compile(
    r"(?i)^(?:that|it|this|which)(?:'s| still| also)* (?:fails|failed|(?:does|did)(?: not|n't) (?:help|work|succeed|"
    r"solve it|fix it)|is not (?:enough|possible)|was not (?:enough|possible)|isn't possible)$"
)
IT = re.compile(
    r"(?i)^(?:so|yes|true|it (?:is|does|has|was|did)|they (?:are|do|have)|th(?:is|at) is(?: the case| true)?|"
    r"applicable)$"
)
IT_NOT = re.compile(
    r"(?i)^(?:not|no|false|it (?:is|does|has|was|did)(?: not|n't)|it isn't|it doesn't|they (?:are|do) not|"
    r"they (?:aren't|don't)|th(?:is|at) is not(?: the case)?|none(?: of .*)?)$"
)
SUFFIX = re.compile(
    r"(?i)(?P<comma>,?)(?: but)?\s+(?P<word>only if|if|unless|in (?:the )?(?:case|event)(?: of| that)?|"
    r"except (?:if|when|for|on|in)|"
    r"only when|"
    r"provided(?: that)?|as long as|only for)\s+"
)
MODAL = re.compile(
    r"(?i)^(?:(you|we|one|they|i)|(?:the |an? |each |every |your |all |any )?((?:[\w-]+ ){0,3}?[\w-]+))\s+"
    r"(?:must|should|shall|needs? to|ha(?:s|ve) to|will(?: need to| have to)?|can|may(?: need to| want to)?|"
    r"might (?:need|want|have) to|(?:is|are) (?:required|expected|asked|advised|supposed|responsible) (?:to|for)|could|"
    r"ought to|want to)\s+(?:also |then |first |next |always |immediately |now |either |just |simply |manually )*"
    r"([\w-]+)\b"
)
PASSIVE = re.compile(
    r"(?i)(?<!may )(?<!might )(?<!could )\b(?:must|needs? to|ha(?:s|ve) to|shall|should|is to|are to)\s+"
    r"(?:first |then |always |also |immediately |both |all )*be\s+(?:\w+ly )?"
    r"([\w-]+ed|sent|taken|made|done|set|run|kept|written|put|shut|reset|drawn|given|held|read|begun)\b"
)
PURPOSE = re.compile(
    r"(?i)^(?:(?:in order )?to|in|on|from|using|with|at|for|by|under|via|through|within|during|based on|as|"
    r"depending on|inside|even if|even when|every|each|once|after|before|until|upon|prior to|following|for example|"
    r"e\.g\.|i\.e\.)\b"
    r"[^:]{1,160}?[,:]\s+(?=\S)"
)
NOT = re.compile(r"(?i)^(?:do not|don['\u2019]t|never|avoid|beware|you (?:must|should) not)\b\s*")
WHEN = re.compile(r"(?i)\b(?:until|before|after|if|when|while|during|once)\b")
BUT = re.compile(r"(?i)[,;]\s*(?:but |and |rather )?|\bbut\s+")
PLACED = re.compile(r"(?i)(?<=\w),? (first|beforehand|in advance|before (?:that|this|you do))[.]?$")
"""A place that the last words of a sentence name."""
NEVER = re.compile(
    r"(?i)^(?:do not|don['\u2019]t|never)\s+(?P<act>.+?)\s+(?P<word>unless and until|until|before|unless|if|when|"
    r"while)\s+"
    r"(?P<condition>.+)$",
    re.S,
)
APPENDED = re.compile(
    r"(?i)(?:\s*[,;]\s*(?:or|and|but)?|\s+(?:or|and|but))[, ]\s*(?=(?:if|should|when|unless|"
    r"in (?:the )?(?:case|event))\s[^,]+,\s*\S)"
)
ORDER = re.compile(r"(?i)^(?:only )?(before|prior to|ahead of|after|once|as soon as|upon|following)\s+(.+)$", re.S)
LATER = re.compile(
    r"(?i),?\s+(before|prior to|ahead of|after|once|as soon as)\s+(?=(?:you |we |the |an? )?[\w-]+)"
    r"(?!(?:[\w-]+ ){1,3}(?:seconds?|minutes?|hours?|days?|weeks?|months?|while)\b|\d|noon|midnight|\w+day\b)"
)
EITHER = re.compile(r"(?i)^(?:you can |you may )?either (?P<one>.+?),? or (?P<other>.+)$")
BEGIN = re.compile(r"(?i)^(?:you (?:start|begin|do anything)|starting|beginning|anything(?: else)?|the start)\b")
GO_FURTHER = re.compile(rf"(?i)^(?:you |we )?(?:{GO_ON}|proceeding|continuing|going on|moving on)[^,]*$")
REPEAT = re.compile(r"(?i)^(?:repeat|until|keep|while you|while we|for each|for every)\b|\buntil\b")
SEPARATOR = re.compile(r"(?i)\s*[,;]\s*(?:and\s+)?(?:then\s+)?(?=\S)|\s+and\s+(?:then\s+)?|\s+then\s+")
FORBIDDEN = re.compile(
    r"(?i)\b(?:must|may|should|can)(?: not|not)\b|\bnot (?:be )?(?:allowed|permitted)|^no \w+.* (?:allowed|permitted)|"
    r"\b(?:forbidden|prohibited)\b"
)
LIMITS = re.compile(
    r"(?i)\b(?:unless|except(?:ions?)?|otherwise|alternatively|skip(?:ped)?|abort(?:ed)?|instead|never|barring|lest|"
    r"supposing|save for|apart from|failing (?:that|this|which|an?)|given (?:that|an?|the)|whichever|beforehand|"
    r"in the (?:absence|event|case) of|on condition|(?<![ \w])without|without (?:an?|the|your|any|prior|written|valid)|"
    r"in default of|(?<![ \w])absent|absent (?:an?|any|the)|"
    r"(?:only|solely|exclusively|just) (?:if|when(?:ever)?|while|after|once|then|before|until|"
    r"during|within|between|outside|on|in|at|by|with|from|for)|"
    r"(?:do|must|should|may|can)(?: not|n't) (?:continue|proceed|go on|start)|before that|"
    r"(?:go|jump|return|proceed) (?:back )?to step|(?:must|may|should|can)(?: not|not|n't)\b[^.]*\b(?:before|until|"
    r"while|if|when))\b"
)
"""What limits or orders, wherever it stands: a sentence that still holds it once it is read is asked about."""
FORBIDS = re.compile(
    r"(?i)\b(?:must|should)(?: not|n['\u2019]t)|\b(?:you|we|nobody) may not|allowed|permitted|forbidden|prohibited"
)
"""Sentences of FORBIDDEN that surely forbid: what somebody cannot do, or what may not be, is told as often."""
HELD = re.compile(r"(?i)^(?:at|with|during|under|within|for|upon|outside)\s[^,]+,\s")
"""A circumstance that holds for all acts behind it."""
MEANS = re.compile(
    r"(?i)\b(?:means|requires|calls for|signals)(?: that)?[ :,]+(?:you |we )?(?:must |should |have to |to )?"
)
"""Between what is seen and what is to be done then: "a red light means stop the pump"."""
FOLLOWS = (GO, GO_NEXT, ABORT, NOTHING_MORE, NOTHING, ESCALATE, NOT, CONDITION)
"""What can follow from a condition without being an act."""
ENDS = (GO, GO_NEXT, NOTHING_MORE, ESCALATE)
