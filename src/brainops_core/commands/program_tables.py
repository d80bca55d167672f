"""Which words and programs are known to read or to destroy? (pure)"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DESTROYING_VERBS = frozenset(
    "delete del rm rmi remove drop truncate destroy terminate purge wipe erase shred format prune uninstall flush"
    " flushall flushdb unpublish drain evict deprovision decommission obliterate nuke teardown reset-hard"
    " force-push rmtree unlink factory-reset kill-all clean-all cleanup-all shutdown poweroff".split()
)

READING_VERBS = frozenset(
    "get list ls show describe select read view status info find search query lookup fetch head cat print display"
    " count check inspect explain diff log logs history whoami version help stat stats top ps tail grep glob watch"
    " validate lint plan preview peek browse examine summarize summarise monitor ping test dry-run calculate"
    " compute retrieve guide match recall verify observe review analyze analyse compare".split()
)

READERS = frozenset(
    "ls cat head tail less more grep rg egrep fgrep zgrep zcat wc cut tr diff cmp file stat du df free ps top"
    " htop uptime whoami id groups uname printenv pwd which whereis type echo printf true false test [ seq sleep"
    " basename dirname realpath readlink md5sum sha1sum sha256sum sha512sum cksum tree jq xxd od hexdump strings"
    " column nl tac rev fold paste join comm locate lsof ss netstat ping dig nslookup host traceroute cd pushd"
    " popd export set unset : local declare readonly shift return exit break continue wait jobs history man help"
    " lsblk lscpu lsmod lspci lsusb nproc arch getent last who w vmstat iostat mpstat sar pgrep pidof bat fd eza"
    " exa ag cloc tokei shellcheck pstree ulimit umask alias let numfmt expr factor bc dc cal shopt tput clear".split()
)
"""Programs that only read, whatever their arguments; those that can write by an option stand in `WRITING_OPTIONS`."""

DESTROYERS = frozenset(
    "rm rmdir unlink shred wipefs fdisk sfdisk gdisk sgdisk parted mkswap blkdiscard cfdisk dropdb dropuser"
    " userdel groupdel deluser delgroup shutdown reboot halt poweroff srm wipe lvremove vgremove pvremove"
    " zfs-destroy badblocks hdparm pg_resetwal scrub del erase rd format trash-empty autoremove".split()
)

WRITING_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "sort": ("-o*", "--output*"),
    "tree": ("-o*",),
    "date": ("-s*", "--set*"),
    "yq": ("-i*", "--inplace*"),
    "hostname": ("[!-]*",),
    "dmesg": ("-c", "-C", "--clear", "--read-clear"),
    "journalctl": ("--vacuum*", "--rotate", "--flush", "--sync", "--relinquish*"),
    "fd": ("-x*", "-X*", "--exec*"),
    "rg": ("--pre", "--pre=*"),
    "history": ("-c", "-d*", "-w", "-r"),
    "ip": ("add", "del", "delete", "set", "flush", "replace", "change", "netns", "exec"),
    "mount": ("*",),
    "sysctl": ("-w*", "*=*", "-p*", "--load*", "--system"),
    "wget": ("*",),
    "less": ("+*!*", "-o*", "-O*"),
    "man": ("-P*", "--pager*"),
}

SAYS: Mapping[str, tuple[str, str]] = {
    # program: reading subcommands, destroying ones; globs over the words without options, joined by blanks; "?" stands
    # for a blank inside a glob, and "* x" is one glob.
    "systemctl": (
        "status* show* list-* cat* is-* get-default* help*",
        "poweroff* reboot* halt* kexec*",
    ),
    "service": (
        "* status",
        "",
    ),
    "kubectl": (
        (
            "get* describe* logs* top* explain* version* cluster-info* api-* events* diff* wait* config?view*"
            " config?current-context* config?get-* auth?can-i* auth?whoami* rollout?status* rollout?history*"
            " options* help* plugin?list*"
        ),
        "delete* drain* evict* replace?--force*",
    ),
    "docker": (
        (
            "ps* images* logs* inspect* stats* top* info* version* history* diff* port* search* events* *?ls*"
            " *?list* *?inspect* compose?ps* compose?logs* compose?config* compose?images* system?df*"
            " context?show* help*"
        ),
        "rm* rmi* *?rm* *?rmi* *?remove* *?prune* *prune* compose?down* swarm?leave* volume?rm* stack?rm*",
    ),
    "helm": (
        (
            "list* ls* status* get* history* show* search* template* lint* version* env* repo?list*"
            " dependency?list* help*"
        ),
        "uninstall* delete* un?* del?* plugin?uninstall* repo?remove*",
    ),
    "terraform": (
        (
            "plan* show* validate* output* state?list* state?show* state?pull* version* providers* graph*"
            " console* get* workspace?list* workspace?show* fmt?-check* help*"
        ),
        "destroy* *-destroy* state?rm* workspace?delete* taint* force-unlock* state?push*",
    ),
    "aws": (
        (
            "s3?ls* * describe-* * get-* * list-* * head-* sts?get-* * help * wait * *-dry-run* configure?list* *"
            " batch-get-* * search* * filter-* * query* * scan* * lookup-* * tail* * simulate-*"
        ),
        (
            "s3?rm* s3?rb* * delete-* * terminate-* * deregister-* * remove-* * purge-* * destroy-* *"
            " batch-delete-* * cancel-* * release-* * revoke-* * disable-key* * schedule-key-deletion* * reset-* *"
            " drop-* * stop-db-* *s3?sync*--delete* * detach-* * disassociate-*"
        ),
    ),
    "gcloud": (
        "*list* *describe* info* config?get* auth?list* version* help* *get-iam-policy* *read*",
        "*delete* *destroy* *remove* *purge* *reset* *deprovision* *storage?rm* *storage?rsync*--delete*",
    ),
    "az": (
        "* list* * show* version* help* account?show* * list",
        "* delete* * purge* * remove* * deallocate* * wipe*",
    ),
    "npm": (
        (
            "ls* list* view* info* show* outdated* search* audit ping* whoami* root* prefix* help* explain* why*"
            " fund* -v --version* pack?--dry-run*"
        ),
        "unpublish* deprecate* uninstall* remove* rm* cache?clean* prune* *?destroy* *?purge* *?wipe*",
    ),
    "pip": (
        "list* show* freeze* check* search* index* config?list* config?get* help* --version* -V",
        "uninstall* cache?purge*",
    ),
    "apt": (
        "list* show* search* policy* depends* help*",
        "remove* purge* autoremove* autopurge* dist-clean* clean*",
    ),
    "brew": (
        "list* info* search* outdated* doctor* deps* home* config* --prefix* help*",
        "uninstall* remove* rm* zap*",
    ),
    "gh": (
        "*?list* *?view* *?status* *?diff* *?checks* search* status* auth?status* help* browse* *?watch*",
        "*?delete* *?delete-* *?archive* cache?delete* repo?delete* secret?delete* *?remove* *?purge*",
    ),
    "redis-cli": (
        (
            "get* mget* keys* scan* info* ttl* exists* hget* hgetall* lrange* smembers* zrange* dbsize* ping*"
            " type* llen* scard* strlen* client?list* config?get* slowlog* memory* monitor* --scan* --stat*"
            " --bigkeys* --latency*"
        ),
        (
            "flushall* flushdb* del* unlink* shutdown* debug* script?flush* config?resetstat* hdel* ltrim*"
            " cluster?reset*"
        ),
    ),
    "gsutil": (
        "ls* cat* stat* du* hash* version* help* *?ls?* *?du?*",
        "rm* *?rm?* rb* *?rb?* *rsync*?-d?*",
    ),
    "flyway": (
        "info* validate* check* help*",
        "clean* *?clean* undo* *?undo*",
    ),
    "liquibase": (
        "status* history* validate* diff* *-sql*",
        "drop* rollback* *?drop-all* *?dropall* *?rollback*",
    ),
    "alembic": (
        "current* history* heads* show* branches* check*",
        "downgrade*",
    ),
    "prisma": (
        "validate* format?--check* migrate?status* migrate?diff* version* --version*",
        "migrate?reset* db?execute* *--force-reset* *--accept-data-loss*",
    ),
    "crontab": (
        "-l*",
        "-r* *-r*",
    ),
    "brainops": (
        (
            "retrieve* match* guide* status* doctor* audit* history* operations operations?show* guard?rules*"
            " guard?check* guard?replay* guard?decisions* compliance* show* help* --help* --version*"
        ),
        "purge*",
    ),
    "iptables": (
        "-l* --list* -s",
        "-f* --flush* -x* *-f* *--flush*",
    ),
    "ufw": (
        "status* show*",
        "reset* delete* disable*",
    ),
    "nft": (
        "list*",
        "flush* delete*",
    ),
    "vault": (
        "read* list* status* kv?get* kv?list* * list*",
        "delete* kv?delete* kv?destroy* *?destroy* lease?revoke* *?disable*",
    ),
    "etcdctl": (
        "get* endpoint* member?list* version*",
        "del* *?remove*",
    ),
    "zfs": (
        "list* get*",
        "destroy* rollback*",
    ),
    "zpool": (
        "list* status* get* iostat*",
        "destroy* labelclear*",
    ),
    "cargo": (
        "check* tree* metadata* search* --version* -V help*",
        "yank* uninstall* clean*",
    ),
    "go": (
        "version* env list* doc* vet* help*",
        "clean*",
    ),
    "rabbitmqctl": (
        "list_* status* report* cluster_status*",
        "delete_* purge_* reset* force_reset* stop*",
    ),
    "kafka-topics": (
        "*--list* *--describe*",
        "*--delete*",
    ),
    "pg_restore": (
        "-l* *?-l?* *--list*",
        "*--clean*",
    ),
    "pg_ctl": (
        "status*",
        "stop* kill*",
    ),
    "supervisorctl": (
        "status* tail* pid* avail*",
        "shutdown* clear*",
    ),
    "ansible": (
        "*--check* *--list-* --version*",
        "*state=absent*",
    ),
}

# What resets or takes back a schema, and of what: `migrate:fresh`, `db reset`, `pg:reset`, `database reset`.
TAKING_BACK = frozenset("reset fresh refresh wipe rollback downgrade revert undo redo down empty clean replant".split())
SCHEMAS = frozenset(
    "db database databases migrate migration migrations schema ecto pg ef doctrine sql d1 keyspace collection".split()
)
EMPTYING_OPTIONS = frozenset(
    "force-reset accept-data-loss delete-all remove-all no-preserve-root drop-database".split()
)

FRAMEWORK_SCRIPTS = frozenset(
    "artisan manage.py rails rake console ace spark yii craft typo3 magento occ drush wp".split()
)
"""What interpreters run whose further words say what is done, as those of a program do."""

DRY_RUNS: Mapping[str, tuple[str, str]] = {
    # program: options with which it says what it would do, and does nothing; the subcommands that know them, or all
    "kubectl": (
        "--dry-run --dry-run=client --dry-run=server",
        "apply create delete patch replace scale set label annotate drain cordon uncordon taint expose autoscale",
    ),
    "helm": ("--dry-run --dry-run=client --dry-run=server", "install upgrade uninstall delete rollback template"),
    "aws": ("--dryrun --dry-run", ""),
    "apt": ("-s --simulate --dry-run --just-print --no-act", ""),
    "npm": ("--dry-run", "publish unpublish pack install i add ci update uninstall remove rm prune dedupe audit"),
    "pip": ("--dry-run", "install pip sync lock publish"),
    "cargo": ("--dry-run", "publish install update add remove clean"),
    "rclone": ("-n --dry-run", ""),
    "restic": ("-n --dry-run", ""),
    "borg": ("-n --dry-run", ""),
    "certbot": ("--dry-run", ""),
    "ansible": ("--check -C", ""),
}
"""What runs the words of others, as `npm run` and `cargo run` do, hands such an option on to them or overlooks it."""

READING_CMDLETS = frozenset(
    "get test measure select where sort group compare format convertto convertfrom show find resolve join split"
    " write read wait".split()
)
DESTROYING_CMDLETS = frozenset("remove clear uninstall reset dismount".split())
"""The verbs of PowerShell's commands: Remove-Item, Clear-Content; a disk is formatted by `Format-Volume` alone."""

SAME_AS = {
    "tofu": "terraform",
    "podman": "docker",
    "nerdctl": "docker",
    "docker-compose": "compose",
    "oc": "kubectl",
    "k": "kubectl",
    "k3s": "kubectl",
    "pip3": "pip",
    "uv": "pip",
    "apt-get": "apt",
    "apt-cache": "apt",
    "dnf": "apt",
    "yum": "apt",
    "apk": "apt",
    "pacman": "apt",
    "yarn": "npm",
    "pnpm": "npm",
    "ip6tables": "iptables",
    "ansible-playbook": "ansible",
    "valkey-cli": "redis-cli",
}

OPTIONS_WITH_VALUE = frozenset(
    "-n --namespace --context --kubeconfig -C --git-dir --work-tree -f --file --profile --region -H --host"
    " --project --subscription -c --config --endpoint-url --output -o --cluster --user --as -l --selector -h -p -a"
    " -u -chdir --prefix --cwd --directory".split()
)
