"""Which words make an English sentence an instruction, a condition, an end, or the opposite of another? (pure)"""

from __future__ import annotations

import re
from functools import lru_cache

VERBS = frozenset(
    """
    beat boil bake cook count dig dip dry empty fold grind hang knock lay lend peel pour rest scrub shake shred sit soak
    spray sterilise sterilize stir sweep teach thank tie warm whisk
    abort accept access acknowledge activate adapt add address adjust advise agree align allocate allow alter amend
    analyse analyze announce answer append apply approve archive arrange ask assess assign attach audit authorise
    authorize backup bind block book boot bring browse build buy bypass calculate calibrate call cancel capture
    carry change charge chase check choose clarify classify clean cleanse clear click clone close collect combine
    commit communicate compare compile complete compress compute conduct configure confirm connect consider
    consolidate consult contact continue convert coordinate copy correct correlate cover create cross-check cut
    deactivate debug decide declare decline decommission decrease deduct define delegate delete deliver demote deny
    deploy describe deselect destroy detach detect determine develop diagnose disable disconnect discuss dispatch
    display dispose disregard distribute do document double-check download draft drag drain draw drop dump edit
    eject elevate email enable encrypt engage ensure enter erase escalate establish estimate evaluate evacuate evict
    examine exclude execute exit expand explain export expose extend extract fail fasten fetch file fill filter find
    finish fix flag flush follow force format forward free gather generate get give go grant guide halt hand handle
    hold identify ignore implement import improve include increase inform initialise initialize initiate insert
    inspect install instruct interview investigate invite invoke isolate issue join keep kill label launch leave let
    lift limit link list listen load locate lock log login look lower maintain make manage map mark mask measure
    merge migrate minimise minimize mitigate modify monitor mount move mute navigate note notify observe obtain
    offer open operate optimise optimize order organise organize override package pass paste patch pause page pay
    perform pick ping place plan plug point poll post prepare press prevent print prioritise prioritize proceed process
    promote prompt propose provide provision publish pull purge push put query quarantine quit raise re-run re-seat
    re-enable read reassign reattach reboot rebuild recalculate receive recheck reclaim recommend reconcile
    reconfigure reconnect record recover recreate redeploy redirect redistribute reduce refer refill refresh refund
    refuse regenerate register reinsert reinstall reissue reject release reload remediate remind remove rename
    render renew repair repeat replace replicate reply report reprocess request rerun reschedule reseat reset resize
    resolve respond restart restore restrict resubmit resume retain retrieve retry return revert review revise
    revoke rinse roll rollback rotate route run sanitise sanitize save scale scan schedule search secure see
    segregate select send separate serve set settle share shift ship show shut shutdown sign silence simulate sort
    specify split spin ssh stage start stop store strip submit subscribe substitute summarise summarize supply
    suspend swap switch synchronise synchronize sync tag take talk tell terminate test throttle tighten toggle trace
    track train transfer translate treat trigger trim troubleshoot try tune turn type unblock uncheck uncordon
    cordon undo uninstall unlock unmount unplug unset untick update upgrade upload use vacate vacuum validate verify
    view visit wait walk warn wash watch weigh wipe withdraw work wrap write taint untaint rebase rehearse reimage
    unseal seal reseal stabilise stabilize triage reproduce quantify narrow delay defer declare document inject
    attempt avoid beware remember
    """.split()
)
"""Verbs that instructions begin with; the words of operations, support and office work."""

NO_VERBS = frozenset(
    """
    about above according across after against all along also although among and another any around as at because
    before behind below beneath beside besides between beyond both but by despite down during each either enough
    even every except few for from given half how if in inside instead into just least less like many maybe minus
    more most much near neither next no nor not of off often on once one only onto opposite or out outside over past
    per perhaps plus quite rather since so some soon still such than that then there they this though through thus
    till to together too toward towards under underneath unless unlike until up upon usually versus via was we were
    what whatever when whenever where whereas wherever whether which while who whom whose why with within without
    yet you it he she here hence however its their our your his her them us me
    """.split()
)
"""Words that stand before "the" or "your" without telling anybody to do something."""
DETERMINERS = frozenset("the a an your all each any every both its their this these those our".split())

CLOSING = frozenset(
    """
    announce archive close communicate complete confirm document email file inform log note notify post publish
    record report schedule send share summarise summarize tell thank update write
    """.split()
)
"""Verbs of what is done at the end whatever happened before."""

FINITE = frozenset(
    """
    is are was were has have had can could will would may might must should shall does do did isn't aren't
    wasn't cannot can't won't doesn't don't be been contains contain means mean indicates indicate shows show
    occurs occur fires fire happens happen fails fail appears appear exists exist triggers trigger returns
    persists remains
    """.split()
)

AUXILIARIES = frozenset(
    "is are was were be been being has have had can could will would may might must should shall do does did to "
    "not".split()
)
"""Words behind which a verb is no instruction."""

ROLES = frozenset(
    """
    administrator admin agent analyst approver assistant associate buyer caller cashier chair clerk clinician
    commander controller coordinator customer dba dispatcher driver employee engineer expert handler inspector lead
    leader manager member nurse officer on-call oncall operator owner patient person pharmacist planner practitioner
    programmer provider receptionist representative requester reporter responder reviewer scribe secretary
    specialist sre staff supervisor surgeon teacher team technician tester user vendor worker developer author
    auditor accountant auditor
    """.split()
)
"""Who does something in a sentence that names its subject ("the manager approves the request")."""

EXPLAINING = frozenset(
    """
    about abstract appendix audience background changelog contact contacts context contents definitions description
    disclaimer faq glossary history impact information introduction meaning metadata objective objectives overview
    owner purpose reference references related resources responsibilities responsibility revision revisions roles
    scope severity summary symptom symptoms terminology terms
    """.split()
)
"""First words of headings under which nothing is to be done."""

ONLY_IF = {
    "rollback": "a rollback is needed",
    "roll": "a rollback is needed",
    "back-out": "a rollback is needed",
    "backout": "a rollback is needed",
    "contingency": "the plan did not work",
    "escalation": "the problem remains",
    "fallback": "the plan did not work",
}
"""Sections that are read only when something went wrong: first word of the heading -> the condition."""

ASKING = frozenset(
    "ask assess check confirm consider decide determine discover establish evaluate examine find identify inspect "
    "investigate know learn look make query review see test tell validate verify watch monitor understand".split()
)
"""Verbs of finding out: the "if" behind them is what is asked for."""
SEEING = frozenset("see find observe".split())
"""What somebody "should" see is an expectation."""
NOUNS = frozenset(
    """
    access address answer backup book branch cause change charge check copy cover cut debug display document drop email
    export file filter fix flag force guide hand hold import increase issue label limit list load lock log login look
    map mark measure merge monitor mount move name note notice offer order page patch pause place plan plug point post
    press process prompt record release repair report request reset restart result return review roll route rule run
    scale schedule scope search share ship show shift sign sort split stage start stop store supply support swap switch
    tag taint test time track trace transfer type update upgrade use view visit wait watch work
    """.split()
)
"""Verbs that are nouns as well: behind "and" they begin an act only before an object."""
OBJECTS = frozenset(
    "the a an it them him her this that these those your our its their all any each every both one two three four five "
    "ten to for in on back up down out off with at from into over again another nobody somebody everybody him us "
    "me".split()
)
PROCESSES = frozenset(
    """
    procedure process deployment deploy release rollout roll-out migration failover fail-over switchover cutover upgrade
    update installation install change maintenance rotation restore import export move switch operation runbook exercise
    drill patching here there everything rebuild
    """.split()
)
"""What a procedure is called in its own text: to stop it is to stop here."""

ALTERNATIVES = re.compile(
    r"(?i)^(?:path|option|case|scenario|method|alternative|approach|variant|route)\s+(\w{1,3}(?:\.\d+)*)\b"
)
"""Headings of which one applies, not one after the other."""

OPPOSITES = {
    frozenset(pair.split("/"))
    for pair in """
    on/off enabled/disabled available/unavailable active/inactive succeeds/fails successful/failed
    successful/unsuccessful success/failure passes/fails passed/failed able/unable yes/no valid/invalid
    healthy/unhealthy true/false open/closed up/down reachable/unreachable connected/disconnected locked/unlocked
    found/missing present/missing present/absent approved/rejected approved/denied accepted/rejected
    known/unknown same/different complete/incomplete
    correct/incorrect running/stopped online/offline responsive/unresponsive match/differ matches/differs
    works/fails worked/failed ready/unready resolved/unresolved internal/external
    exists/missing authorised/unauthorised authorized/unauthorized eligible/ineligible expired/valid empty/nonempty
    succeeded/failed
    """.split()
}

NEGATIONS = frozenset("not no never none without n't cannot nothing neither fails".split())

SMALL = frozenset(
    """
    a an and are as at be but by for from has have i in is it its my of on or that the this to was were will
    with you your their them they there these those then so if any all do does did been being has had can could
    may might should would must
    """.split()
)
"""Words that say nothing of what a sentence is about."""

SHELL_LANGUAGES = frozenset("bash sh shell zsh console shell-session terminal ksh powershell ps1 cmd bat".split())
COMMANDS = frozenset(
    """
    ansible ansible-playbook apt apt-get aws az bash brainops brew cat ceph chmod chown cp crictl curl date df dig
    dmesg dnf docker docker-compose du echo etcdctl export find free gcloud git gh go grep helm host hostname htop
    ifconfig ip iostat iptables istioctl java journalctl jq kill kubectl kubeadm less ln ls lsblk lsof make mkdir
    mongo mount mv mysql mysqldump nc netstat nginx node nodetool npm nslookup nc ntpq oc omc openssl pg_dump pg_ctl
    ping pip podman promtool ps psql python python3 rabbitmqctl rados rbd redis-cli rm rsync scp sed service sh ss
    ssh sudo swapoff sysctl systemctl tail tar tcpdump telnet terraform top touch traceroute umount uptime vault vgs
    virtctl vmstat watch wget yum amtool etcdctl consul nomad velero subctl chronyc timedatectl
    """.split()
)
"""First words of a command line, where a code block does not name its language."""


WORD = r"[a-z0-9]+(?:['\u2019.-][a-z0-9]+)*"


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, with their apostrophes and dashes."""
    return re.findall(WORD, text.lower().replace("\u2019", "'"))


@lru_cache(maxsize=4_096)  # each step is held against every "before X"
def telling(text: str) -> frozenset[str]:
    """Return the words that say what a text is about, without endings of verbs and plurals."""
    return frozenset(stem(word) for word in words(text) if word not in SMALL)


def stem(word: str) -> str:
    """Return a word without a common ending, so that "restarting" and "restart" are one."""
    for ending in ("ing", "ied", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            cut = word[: -len(ending)]
            if ending in ("ied", "ies"):
                return cut + "y"
            if len(cut) > 3 and cut[-1] == cut[-2] and cut[-1] not in "aeiouls":
                cut = cut[:-1]
            return cut.rstrip("e")
    return word.rstrip("e") if len(word) > 3 else word


BY_STEM = {stem(verb): verb for verb in sorted(VERBS)}


def base_form(word: str) -> str:
    """Return the verb of which this is the -ing form, or the third person; "" when it is none that is known."""
    lowered = word.lower()
    if lowered.endswith(("ing", "s", "ed")):
        return BY_STEM.get(stem(lowered), "")
    return ""


def begins_instruction(text: str) -> bool:
    """Say whether a clause begins with a verb that tells somebody to do something."""
    found = words(re.sub(r"(?i)^fine[ -]tune\b", "tune", text))[:3]
    following = found[1] if len(found) > 1 else ""
    if not found or not (found[0] in VERBS or found[0].rpartition("-")[2] in VERBS or unknown_verb(*found[:2])):
        return False
    return following not in {"is", "are", "was", "were", "has", "can", "will"}


def unknown_verb(first: str, following: str = "") -> bool:
    """Say whether a word that is not in the list stands where a verb does: "count the jobs", "water your plants"."""
    formed = first.endswith(("ing", "ed", "ly", "tion")) or (first.endswith("s") and not first.endswith("ss"))
    return following in DETERMINERS and first.isalpha() and not formed and first not in NO_VERBS | FINITE | SMALL


def deed(text: str) -> str:
    """Return "restarting the service" or "you restart the service" as an instruction; "" where it is none."""
    text = re.sub(
        r"(?i)^(?:you|we|they)\s+(?:have |had |are )?(?:finished |done |completed )?(?=\w)",
        "",
        text.strip(),
    )
    first, _, rest = text.partition(" ")
    ending = first.lower().endswith(("ing", "ed"))
    verb = first.lower() if first.lower() in VERBS and rest else base_form(first) if ending else ""
    return f"{verb.capitalize()} {rest}".rstrip(".,") if verb and rest else ""


def opposite(one: str, other: str) -> bool:
    """Say whether a condition is the contrary of another: equal but for "not" or a word and its opposite."""
    first, second = set(_plain(one)), set(_plain(other))
    if any(word in ("and", "or") or word[0].isdigit() for word in first ^ second):
        return False
    negated = bool(first & NEGATIONS) != bool(second & NEGATIONS)
    first, second = first - NEGATIONS, second - NEGATIONS
    turned = False
    for pair in OPPOSITES:
        here, there = pair & first, pair & second
        if here and there and here != there and not here & there:
            first, second, turned = first - pair, second - pair, True
    first, second = {stem(word) for word in first - SMALL}, {stem(word) for word in second - SMALL}
    if negated == turned:
        return False
    if not first and not second:
        return True
    shared = len(first & second)
    return shared / max(1, len(first | second)) >= 0.6 or (
        shared > 0 and min(len(first), len(second)) == shared and turned
    )


def _plain(text: str) -> list[str]:
    return words(re.sub(r"n['\u2019]t\b", " not", text.lower()))
