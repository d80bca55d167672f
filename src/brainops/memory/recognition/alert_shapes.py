"""Which fields of a webhook say what of an alert? One row for each shape that a sender has; a sender is a row. (pure)

A path names a field of the alert by its steps ("labels.service"); one that begins with / that of the whole body. Text
that holds JSON is read on the way, as SNS wraps it. Where several paths stand, the first that says something counts.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct


class Shape(Struct, frozen=True, kw_only=True):
    """One shape: by which fields it is known, where its alerts stand, and which of their fields say what.

    Resolved is an alert where one of the fields `resolved` holds one of the words `ends`; where `fires` says which mean
    that it fires, others mean neither. `since` says when it fired, `until` when it ended. Parts of `key` are joined.
    `labels` are objects, or lists of {key, value}, [key, value] or "key:value"; `text` are fields of a line each.
    """

    sender: str
    known_by: tuple[str, ...]
    alerts: str = ""
    name: tuple[str, ...]
    key: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    ends: frozenset[str] = frozenset()
    fires: frozenset[str] = frozenset()
    since: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    link: tuple[str, ...] = ()


ABOUT = (
    "service service_name app application app_kubernetes_io_name deployment statefulset daemonset cronjob job_name"
    " component database queue topic consumergroup instance host node pod namespace project environment job"
).split()
"""The labels that say what an alert is about, the closest first: what it is about goes before where it was seen."""

_SUMMARY = ("annotations.summary", "annotations.description", "annotations.message", "annotations")
_ENDS = frozenset("resolved ok closed close recovered inactive normal success up end ended clear cleared".split())

_DATADOG = (
    Shape(  # docs.datadoghq.com, webhooks: the default payload with $ALERT_TRANSITION; its `id` is the message's own
        sender="datadog",
        known_by=("alert_transition",),
        name=("alert_title", "title", "event_title"),
        key=("alert_id", "alert_scope"),
        resolved=("alert_transition",),
        ends=_ENDS,
        since=("date", "last_updated"),
        until=("date", "last_updated"),
        severity=("priority", "alert_type"),
        labels=("tags", "alert_scope"),
        text=("body", "text_only_msg", "event_msg"),
        link=("link",),
    )
)

SHAPES: tuple[Shape, ...] = (
    Shape(  # https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
        sender="alertmanager",
        known_by=("alerts", "groupKey"),
        alerts="alerts",
        name=("labels.alertname",),
        key=("fingerprint", "startsAt"),
        group=("/groupKey",),
        resolved=("status",),
        ends=_ENDS,
        since=("startsAt",),
        until=("endsAt",),
        severity=("labels.severity",),
        labels=("labels",),
        text=_SUMMARY,
        link=("annotations.runbook_url", "generatorURL", "/externalURL"),
    ),
    Shape(  # the same with links of its own: grafana.com/docs, webhook notifier
        sender="grafana",
        known_by=("alerts", "orgId"),
        alerts="alerts",
        name=("labels.alertname", "labels.rulename", "/title"),
        key=("fingerprint", "startsAt"),
        group=("/groupKey",),
        resolved=("status",),
        ends=_ENDS,
        since=("startsAt",),
        until=("endsAt",),
        severity=("labels.severity",),
        labels=("labels",),
        text=_SUMMARY,
        link=("annotations.runbook_url", "panelURL", "dashboardURL", "generatorURL"),
    ),
    Shape(  # GET /api/v2/alerts, a list; and webhooks that were cut down to their alerts
        sender="alertmanager",
        known_by=("0.labels",),
        name=("labels.alertname",),
        key=("fingerprint", "startsAt"),
        resolved=("status", "status.state"),
        ends=_ENDS,
        since=("startsAt",),
        severity=("labels.severity",),
        labels=("labels",),
        text=_SUMMARY,
        link=("annotations.runbook_url", "generatorURL"),
    ),
    Shape(
        sender="alertmanager",
        known_by=("alerts.0.labels",),
        alerts="alerts",
        name=("labels.alertname",),
        key=("fingerprint", "startsAt"),
        group=("/groupKey",),
        resolved=("status",),
        ends=_ENDS,
        since=("startsAt",),
        until=("endsAt",),
        severity=("labels.severity",),
        labels=("labels",),
        text=_SUMMARY,
        link=("annotations.runbook_url", "generatorURL"),
    ),
    Shape(
        sender="alertmanager",
        known_by=("labels.alertname",),
        name=("labels.alertname",),
        key=("fingerprint", "startsAt"),
        resolved=("status", "status.state"),
        ends=_ENDS,
        since=("startsAt",),
        severity=("labels.severity",),
        labels=("labels",),
        text=_SUMMARY,
        link=("annotations.runbook_url", "generatorURL"),
    ),
    Shape(  # developer.pagerduty.com, v3 webhooks
        sender="pagerduty",
        known_by=("event.event_type", "event.data"),
        name=("event.data.title", "event.data.incident.title", "event.data.incident.summary"),
        key=("event.data.id",),
        resolved=("event.event_type",),
        ends=frozenset({"incident.resolved"}),
        fires=frozenset({"incident.triggered", "incident.reopened"}),
        since=("event.occurred_at",),
        until=("event.occurred_at",),
        target=("event.data.service.summary",),
        severity=("event.data.priority.summary", "event.data.urgency"),
        text=("event.data.title",),
        link=("event.data.html_url",),
    ),
    Shape(  # the second version, in which several messages come at once
        sender="pagerduty",
        known_by=("messages.0.event",),
        alerts="messages",
        name=("incident.title", "incident.trigger_summary_data.subject", "incident.trigger_summary_data.description"),
        key=("incident.id",),
        resolved=("event",),
        ends=frozenset({"incident.resolve"}),
        fires=frozenset({"incident.trigger"}),
        since=("created_on",),
        until=("created_on",),
        target=("incident.service.name", "incident.service.summary"),
        severity=("incident.priority.summary", "incident.urgency"),
        text=("incident.description", "incident.trigger_summary_data.description"),
        link=("incident.html_url",),
    ),
    Shape(  # docs.sentry.io, integration platform: an issue
        sender="sentry",
        known_by=("data.issue.id",),
        name=("data.issue.title", "data.issue.metadata.type"),
        key=("data.issue.id",),
        resolved=("action",),
        ends=frozenset({"resolved", "archived", "ignored"}),
        fires=frozenset({"created", "unresolved"}),
        since=("data.issue.lastSeen",),
        until=("data.issue.lastSeen",),
        target=("data.issue.project.slug", "data.issue.project.name"),
        severity=("data.issue.level",),
        text=("data.issue.metadata.value", "data.issue.culprit"),
        link=("data.issue.permalink", "data.issue.web_url"),
    ),
    Shape(  # an issue alert: an event that a rule told of
        sender="sentry",
        known_by=("data.event", "data.triggered_rule"),
        name=("data.event.title", "data.triggered_rule"),
        key=("data.event.issue_id",),
        since=("data.event.datetime",),
        target=("data.event.project_slug", "data.event.project_name", "data.event.project"),
        severity=("data.event.level",),
        labels=("data.event.tags",),
        text=("data.event.metadata.value", "data.event.culprit", "data.triggered_rule"),
        link=("data.event.web_url",),
    ),
    Shape(  # a metric alert
        sender="sentry",
        known_by=("data.metric_alert",),
        name=("data.metric_alert.alert_rule.name", "data.metric_alert.title"),
        key=("data.metric_alert.id",),
        resolved=("action",),
        ends=frozenset({"resolved"}),
        fires=frozenset({"critical", "warning"}),
        since=("data.metric_alert.date_started",),
        until=("data.metric_alert.date_closed",),
        target=("data.metric_alert.projects.0",),
        severity=("action",),
        text=("data.description_text", "data.description_title"),
        link=("data.web_url",),
    ),
    msgspec.structs.replace(_DATADOG, known_by=("alert_transition", "aggreg_key"), key=("aggreg_key",)),
    _DATADOG,
    Shape(  # an alarm by SNS
        sender="cloudwatch",
        known_by=("Message.AlarmName",),
        name=("Message.AlarmName",),
        key=("Message.AlarmArn",),
        resolved=("Message.NewStateValue",),
        ends=frozenset({"ok"}),
        fires=frozenset({"alarm"}),
        since=("Message.StateChangeTime", "Timestamp"),
        until=("Message.StateChangeTime", "Timestamp"),
        labels=("Message.Trigger.Dimensions",),
        text=("Message.AlarmDescription", "Message.NewStateReason"),
    ),
    Shape(  # an alarm by EventBridge
        sender="cloudwatch",
        known_by=("detail.alarmName",),
        name=("detail.alarmName",),
        key=("resources.0",),
        resolved=("detail.state.value",),
        ends=frozenset({"ok"}),
        fires=frozenset({"alarm"}),
        since=("detail.state.timestamp", "time"),
        until=("detail.state.timestamp", "time"),
        text=("detail.configuration.description", "detail.state.reason"),
    ),
    Shape(  # what SNS sends first: it wants somebody to open a link
        sender="cloudwatch",
        known_by=("SubscribeURL", "TopicArn"),
        name=("Type",),
        key=("TopicArn", "MessageId"),
        text=("Message",),
        link=("SubscribeURL",),
    ),
    Shape(  # support.atlassian.com/opsgenie, outgoing webhooks
        sender="opsgenie",
        known_by=("alert.alertId", "action"),
        name=("alert.message",),
        key=("alert.alertId",),
        resolved=("action",),
        ends=frozenset({"close"}),
        fires=frozenset({"create"}),
        target=("alert.entity",),
        severity=("alert.priority",),
        labels=("alert.details",),
        text=("alert.description", "alert.source"),
    ),
    Shape(  # learn.microsoft.com, the common alert schema
        sender="azure",
        known_by=("data.essentials.alertRule",),
        name=("data.essentials.alertRule",),
        key=("data.essentials.alertId",),
        resolved=("data.essentials.monitorCondition",),
        ends=_ENDS,
        since=("data.essentials.firedDateTime",),
        until=("data.essentials.resolvedDateTime",),
        target=("data.essentials.configurationItems.0", "data.essentials.alertTargetIDs.0"),
        severity=("data.essentials.severity",),
        labels=("data.customProperties",),
        text=("data.essentials.description",),
        link=("data.essentials.investigationLink",),
    ),
    Shape(  # cloud.google.com/monitoring, webhook notifications
        sender="gcp",
        known_by=("incident.policy_name",),
        name=("incident.policy_name", "incident.condition_name"),
        key=("incident.incident_id",),
        resolved=("incident.state",),
        ends=_ENDS,
        since=("incident.started_at",),
        until=("incident.ended_at",),
        target=("incident.resource_display_name", "incident.resource_name"),
        severity=("incident.severity",),
        labels=("incident.resource.labels", "incident.metadata.user_labels", "incident.policy_user_labels"),
        text=("incident.summary", "incident.condition_name"),
        link=("incident.documentation.links.0.url", "incident.url"),
    ),
    Shape(  # an Event of the core API
        sender="kubernetes",
        known_by=("involvedObject.kind", "reason"),
        name=("reason",),
        key=("metadata.uid",),
        since=("lastTimestamp", "eventTime", "firstTimestamp"),
        target=("involvedObject.name",),
        severity=("type",),
        labels=("involvedObject",),
        text=("message",),
    ),
    Shape(  # zabbix.com/documentation, webhook media type: parameters named as its own webhooks name them
        sender="zabbix",
        known_by=("event_id", "event_value"),
        name=("trigger_name", "event_name", "alert_subject"),
        key=("event_id",),
        resolved=("event_value",),
        ends=frozenset({"0"}),
        fires=frozenset({"1"}),
        target=("host_name", "host_host", "host_ip"),
        severity=("event_severity",),
        labels=("event_tags",),
        text=("alert_message", "event_opdata", "trigger_description"),
        link=("trigger_url", "zabbix_url"),
    ),
    Shape(  # assets.nagios.com, standard macros: a notification command that sends them as JSON by their names
        sender="nagios",
        known_by=("NOTIFICATIONTYPE", "HOSTNAME"),
        name=("SERVICEDESC", "HOSTCHECKCOMMAND", "HOSTSTATE"),
        key=("HOSTNAME", "SERVICEDESC"),
        resolved=("NOTIFICATIONTYPE",),
        ends=frozenset({"recovery"}),
        fires=frozenset({"problem"}),
        since=("TIMET",),
        until=("TIMET",),
        target=("HOSTNAME",),
        severity=("SERVICESTATE", "HOSTSTATE"),
        text=("SERVICEOUTPUT", "LONGSERVICEOUTPUT", "HOSTOUTPUT", "LONGHOSTOUTPUT"),
        link=("SERVICENOTESURL", "HOSTNOTESURL"),
    ),
    Shape(  # what anybody writes who may choose
        sender="generic",
        known_by=("alerts.0.name",),
        alerts="alerts",
        name=("name",),
        key=("key",),
        group=("group", "/group"),
        resolved=("resolved", "status", "state"),
        ends=_ENDS | {"true"},
        since=("at",),
        until=("at",),
        target=("target", "service"),
        severity=("severity",),
        labels=("labels",),
        text=("text", "message", "description"),
        link=("link", "url"),
    ),
    Shape(
        sender="generic",
        known_by=("name",),
        name=("name",),
        key=("key",),
        group=("group",),
        resolved=("resolved", "status", "state"),
        ends=_ENDS | {"true"},
        since=("at",),
        until=("at",),
        target=("target", "service"),
        severity=("severity",),
        labels=("labels",),
        text=("text", "message", "description"),
        link=("link", "url"),
    ),
)

SENDERS = tuple(dict.fromkeys(shape.sender for shape in SHAPES))
