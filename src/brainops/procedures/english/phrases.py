"""By which words does an English sentence jump, end, condition or address somebody? (pure)"""

from __future__ import annotations

import re

ABBREVIATIONS = re.compile(
    r"(?i)\b(?:e\.g|i\.e|etc|vs|approx|no|fig|cf|resp|incl|max|min|dr|mr|mrs|ms|st|a\.m|p\.m|inc|ltd)\.$"
)
LEAD = re.compile(
    r"(?i)^(?:please|kindly|then|next|first(?:ly)?|second(?:ly)?|third(?:ly)?|finally|lastly|now|also|"
    r"and(?: then)?|but|"
    r"additionally|afterwards?|subsequently|after that|after this|at this point|in addition|"
    r"optionally|alternatively|instead|again|thereafter|immediately|simply|manually|carefully|just|"
    r"in (?:some|many|most|rare|such|this|that|these|those|certain)(?: \w+)? (?:cases?|situations?))\b[ ,:]*(?=\S)"
)
TARGET = r"(?:the )?(?:steps?|sections?|path|phase|part|stage|point|item|option|task)\s+(\d+(?:\.\d+)*[a-z]?|[a-z]\b)"
GO = re.compile(
    r"(?i)^(?:(?:you |we )?(?:can |should |must )?)(?:go|proceed|return|continue|skip|jump|move|advance|"
    r"start over|restart|resume|retry|loop|"
    r"come|start again|begin again|repeat|follow|perform|execute|do|try)\b"
    r"(?: (?:on|back|ahead|directly|straight|again|over))*(?: (?:to|with|from|at|through|the process from|"
    r"the procedure from))*"
    rf"\s+{TARGET}(.*)$"
)
GO_NEXT = re.compile(
    r"(?i)^(?:go|proceed|continue|move|skip)\b(?: (?:on|ahead|directly|normally))*(?: (?:to|with))*"
    r"(?: the)? (next|following|remaining) (?:step|section|phase|stage|steps|one|item)s?(.*)$|^(?:continue|"
    r"proceed|carry on|go on|move on)[.]?$"
)
ESCALATE = re.compile(
    r"(?i)^(?:you (?:must|should|need to) )?(?:escalate|hand(?: \w+){0,3} (?:over|off) to\b|"
    r"transfer (?:the |this |your )?(?:user|customer|caller|call|case|ticket|chat|client|patient|them|him|her|it)\b|"
    r"(?:contact|call|page|open a (?:support )?(?:case|ticket)(?: with)?|raise a (?:support )?(?:case|"
    r"ticket)(?: with)?|"
    r"reach out to)\b.{0,40}\b(?:support|vendor|on-?call|help ?desk|service desk|second line|third line|"
    r"level [23]|tier [23]|l2|l3))\b"
)
STOP = re.compile(
    r"(?i)^(?:you (?:are|can) )?(?:stop(?: here| there| the (?:procedure|process))?(?: and .*)?|abort(?: .*)?|"
    r"exit(?: the (?:procedure|process))?|"
    r"end(?: the| of(?: the)?)? (?:procedure|process|call|here)|quit|done|finished|finish here|"
    r"terminate the (?:procedure|process)|"
    r"(?:there is )?nothing (?:more |else |further )?(?:needs )?(?:to (?:do|be done)|is (?:needed|required))|"
    r"(?:there (?:is|are) )?no (?:further |other |more )?(?:action|steps?|work) (?:is |are )?(?:needed|required|"
    r"necessary)?.*|"
    r"(?:this|the) (?:procedure|process|runbook) (?:is (?:complete|finished|done|over)|ends)(?: here)?|"
    r"do nothing|leave it(?: as it is)?|ignore (?:it|this|the alert))[.!]?$"
)
SEE = re.compile(rf"(?i)^(?:see|refer to|consult|use|apply)\s+{TARGET}[.]?$")
SEQUENCE = re.compile(
    r"(?i)\s*(?:[,;]\s*(?:and\s+)?then|[,;]?\s+and\s+then|;\s*(?:and\s+)?)\s+|\.\s+then,?\s+|"
    r",?\s+and\s+(?=stop(?: here)?[.]?$|escalate to\b|(?:go|return|proceed|continue|skip|jump|repeat|"
    r"start over)\b(?: \w+){0,3} (?:to|at|from|"
    r"with|steps?)\b)"
)
ASKING = frozenset(
    "ask assess check confirm consider decide determine discover establish evaluate examine find identify inspect "
    "investigate know learn look make query review see test tell validate verify watch monitor understand".split()
)
CONDITION = re.compile(
    r"(?i)^(?:only |and |but |even )?(if|when|whenever|in case(?: that| of)?|in the (?:event|case)(?: that| of)|"
    r"provided(?: that)?|assuming(?: that)?|"
    r"as long as|unless|where|should|for cases where|while)\b\s+(.+)$",
    re.S,
)
ELSE = re.compile(
    r"(?i)^(?:or )?(?:otherwise|else|if (?:it (?:is|does|has|was) )?not(?=\s*[,:;\u2013\u2014-])|"
    r"if not(?= (?:then )?\w+ )|if no(?=[,:])|if none(?: of (?:these|the above|them))?(?: \w+)?(?=[,:])|"
    r"in (?:all|any) other cases?|in every other case|if this is not the case|in the other case|"
    r"for everything else)\b[ ,:;\u2013\u2014-]*(.*)$",
    re.S,
)
ANSWER = re.compile(
    r"(?i)^[\"'\u201c*(]*(?:if )?(yes|no)\b[\"'\u201d*)]*(?:\s*(?:\([^)]*\)))?\s*(?:[:,;.\u2013\u2014-]|->|"
    r"\u2192|=>|then\b)+>?\s*(.*)$",
    re.S,
)
ARROW = re.compile(r"\s*(?:\u2192|->|=>|\u21d2)\s*")
TAIL_ELSE = re.compile(
    r"(?i)\s*(?:[;,.]|\s[\u2013\u2014-])\s*(?:and |but |or )?(?:otherwise|else|if not|or else)\b[ ,:]*|"
    r"\s+(?:otherwise|else)\s+(?=\w)"
)
MODAL = re.compile(
    r"(?i)^(?:(you|we|one|they|i)|(?:the |an? |each |every |your |all |any )?((?:[\w-]+ ){0,3}?[\w-]+))\s+"
    r"(?:must|should|shall|needs? to|ha(?:s|ve) to|will(?: need to| have to)?|can|may(?: need to| want to)?|"
    r"might (?:need|want|have) to|"
    r"(?:is|are) (?:required|expected|asked|advised|supposed|responsible) (?:to|for)|could|ought to|want to)\s+"
    r"(?:also |then |first |next |always |immediately |now |either |just |simply |manually )*([\w-]+)\b"
)
PASSIVE = re.compile(
    r"(?i)(?<!may )(?<!might )(?<!could )\b(?:must|needs? to|ha(?:s|ve) to|shall|should|is to|"
    r"are to)\s+(?:first |then |always |also |immediately |both |all )*be\s+"
    r"(?:\w+ly )?([\w-]+ed|sent|taken|made|done|set|run|kept|written|put|shut|reset|drawn|given|held|read|begun)\b"
)
PURPOSE = re.compile(
    r"(?i)^(?:(?:in order )?to|in|on|from|using|with|at|for|by|under|via|through|within|during|based on|as|"
    r"depending on|inside|"
    r"every|each|once|after|before|upon|prior to|following|for example|e\.g\.|i\.e\.)\b[^:]{1,160}?[,:]\s+(?=\S)"
)
NOT = re.compile(r"(?i)^(?:do not|don['\u2019]t|never|avoid|beware|you (?:must|should) not)\b")
NOT_UNTIL = re.compile(
    r"(?i)^(?:do not|don['\u2019]t|never)\s+(.+?)\s+(?:until|before|"
    r"unless and until)\s+(.+)$",
    re.S,
)
GENERIC_GO = re.compile(r"(?i)^(?:proceed|continue|go on|move on|start|begin|go ahead|advance)\b")
