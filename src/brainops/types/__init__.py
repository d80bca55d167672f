"""What are the things that BrainOps speaks of? Frozen values, closed sets and the few protocols between the layers.

Times are integers: microseconds since 1970-01-01 UTC. Durations are seconds unless the name says otherwise.
"""

from __future__ import annotations

from brainops import lazy

TYPE_CHECKING = False  # see brainops.lazy
if TYPE_CHECKING:
    from brainops.types.access import AccessKey as AccessKey
    from brainops.types.access import Down as Down
    from brainops.types.access import IssuedKey as IssuedKey
    from brainops.types.access import OperationToken as OperationToken
    from brainops.types.access import ReadableNamespace as ReadableNamespace
    from brainops.types.access import Role as Role
    from brainops.types.agent import AdapterKind as AdapterKind
    from brainops.types.agent import Agent as Agent
    from brainops.types.agent import AgentLearning as AgentLearning
    from brainops.types.agent import AgentLimits as AgentLimits
    from brainops.types.agent import Attempt as Attempt
    from brainops.types.agent import Choice as Choice
    from brainops.types.agent import Execution as Execution
    from brainops.types.agent import ExecutionState as ExecutionState
    from brainops.types.agent import LanguageBudget as LanguageBudget
    from brainops.types.agent import LanguageUse as LanguageUse
    from brainops.types.agent import MemoryAccess as MemoryAccess
    from brainops.types.agent import Task as Task
    from brainops.types.agent import TaskRecord as TaskRecord
    from brainops.types.agent import Workflow as Workflow
    from brainops.types.agent import WorkflowPlan as WorkflowPlan
    from brainops.types.alert import Alert as Alert
    from brainops.types.alert import AlertEvent as AlertEvent
    from brainops.types.alert import AlertState as AlertState
    from brainops.types.alert import Inbox as Inbox
    from brainops.types.alert import SetAside as SetAside
    from brainops.types.change import ChangeKind as ChangeKind
    from brainops.types.change import FeedEntry as FeedEntry
    from brainops.types.chart import Chart as Chart
    from brainops.types.chart import ChartLine as ChartLine
    from brainops.types.chart import ChartMark as ChartMark
    from brainops.types.evidence import Cause as Cause
    from brainops.types.evidence import CauseChange as CauseChange
    from brainops.types.evidence import CauseStanding as CauseStanding
    from brainops.types.evidence import ErrorState as ErrorState
    from brainops.types.evidence import RemedyEffect as RemedyEffect
    from brainops.types.evidence import RemedyEvidence as RemedyEvidence
    from brainops.types.evidence import SeenError as SeenError
    from brainops.types.fix import ApplicationState as ApplicationState
    from brainops.types.fix import BlastRadius as BlastRadius
    from brainops.types.fix import Fix as Fix
    from brainops.types.fix import FixApplication as FixApplication
    from brainops.types.fix import FixConfidence as FixConfidence
    from brainops.types.fix import FixKind as FixKind
    from brainops.types.fix import FixMode as FixMode
    from brainops.types.fix import FixSuggestion as FixSuggestion
    from brainops.types.fix import Recognition as Recognition
    from brainops.types.guard import AllOf as AllOf
    from brainops.types.guard import Allow as Allow
    from brainops.types.guard import AnyOf as AnyOf
    from brainops.types.guard import Ask as Ask
    from brainops.types.guard import Autonomy as Autonomy
    from brainops.types.guard import Bypass as Bypass
    from brainops.types.guard import Compliance as Compliance
    from brainops.types.guard import ComplianceRow as ComplianceRow
    from brainops.types.guard import Decision as Decision
    from brainops.types.guard import DecisionKind as DecisionKind
    from brainops.types.guard import Deny as Deny
    from brainops.types.guard import Departure as Departure
    from brainops.types.guard import Done as Done
    from brainops.types.guard import Enforcement as Enforcement
    from brainops.types.guard import FailMode as FailMode
    from brainops.types.guard import GuardSettings as GuardSettings
    from brainops.types.guard import GuardState as GuardState
    from brainops.types.guard import PastOperation as PastOperation
    from brainops.types.guard import Receipt as Receipt
    from brainops.types.guard import ReceiptMatch as ReceiptMatch
    from brainops.types.guard import RecordedDecision as RecordedDecision
    from brainops.types.guard import Replay as Replay
    from brainops.types.guard import Replayed as Replayed
    from brainops.types.guard import Requirement as Requirement
    from brainops.types.guard import Rule as Rule
    from brainops.types.guard import RuleKind as RuleKind
    from brainops.types.guard import RuleMode as RuleMode
    from brainops.types.guard import SettingChange as SettingChange
    from brainops.types.job import Job as Job
    from brainops.types.job import JobKind as JobKind
    from brainops.types.job import JobState as JobState
    from brainops.types.knowledge import JSON as JSON
    from brainops.types.knowledge import NO_ERROR as NO_ERROR
    from brainops.types.knowledge import NOBODY as NOBODY
    from brainops.types.knowledge import Actor as Actor
    from brainops.types.knowledge import ActorKind as ActorKind
    from brainops.types.knowledge import AuditEntry as AuditEntry
    from brainops.types.knowledge import Captured as Captured
    from brainops.types.knowledge import Check as Check
    from brainops.types.knowledge import Draft as Draft
    from brainops.types.knowledge import DraftFields as DraftFields
    from brainops.types.knowledge import Embedder as Embedder
    from brainops.types.knowledge import ErrorEvent as ErrorEvent
    from brainops.types.knowledge import Explanation as Explanation
    from brainops.types.knowledge import Feedback as Feedback
    from brainops.types.knowledge import Filter as Filter
    from brainops.types.knowledge import Finding as Finding
    from brainops.types.knowledge import Fingerprint as Fingerprint
    from brainops.types.knowledge import Frame as Frame
    from brainops.types.knowledge import Hit as Hit
    from brainops.types.knowledge import Junk as Junk
    from brainops.types.knowledge import Match as Match
    from brainops.types.knowledge import MatchCounts as MatchCounts
    from brainops.types.knowledge import Memory as Memory
    from brainops.types.knowledge import MemoryState as MemoryState
    from brainops.types.knowledge import MemoryType as MemoryType
    from brainops.types.knowledge import MemoryUse as MemoryUse
    from brainops.types.knowledge import Micros as Micros
    from brainops.types.knowledge import Progress as Progress
    from brainops.types.knowledge import Source as Source
    from brainops.types.knowledge import Trust as Trust
    from brainops.types.knowledge import Verdict as Verdict
    from brainops.types.learning import Anomaly as Anomaly
    from brainops.types.learning import Briefing as Briefing
    from brainops.types.learning import CalibrationBar as CalibrationBar
    from brainops.types.learning import CalibrationRecord as CalibrationRecord
    from brainops.types.learning import CaseDecision as CaseDecision
    from brainops.types.learning import CaseStanding as CaseStanding
    from brainops.types.learning import CodeRepository as CodeRepository
    from brainops.types.learning import Cycle as Cycle
    from brainops.types.learning import CycleReport as CycleReport
    from brainops.types.learning import CycleStanding as CycleStanding
    from brainops.types.learning import DecidedCase as DecidedCase
    from brainops.types.learning import HealthFigure as HealthFigure
    from brainops.types.learning import Improvement as Improvement
    from brainops.types.learning import ImprovementKind as ImprovementKind
    from brainops.types.learning import ImprovementState as ImprovementState
    from brainops.types.learning import Ingested as Ingested
    from brainops.types.learning import Insight as Insight
    from brainops.types.learning import LogTemplate as LogTemplate
    from brainops.types.learning import Metric as Metric
    from brainops.types.learning import Peer as Peer
    from brainops.types.learning import Precursor as Precursor
    from brainops.types.learning import Received as Received
    from brainops.types.learning import Report as Report
    from brainops.types.learning import ReportLine as ReportLine
    from brainops.types.learning import Section as Section
    from brainops.types.learning import Series as Series
    from brainops.types.learning import SeriesPoint as SeriesPoint
    from brainops.types.learning import SessionRecord as SessionRecord
    from brainops.types.learning import Shared as Shared
    from brainops.types.learning import Suspect as Suspect
    from brainops.types.learning import TemplateTrend as TemplateTrend
    from brainops.types.next_tries import NextTries as NextTries
    from brainops.types.next_tries import NextTry as NextTry
    from brainops.types.operation import ActionClass as ActionClass
    from brainops.types.operation import Consult as Consult
    from brainops.types.operation import Evidence as Evidence
    from brainops.types.operation import Failed as Failed
    from brainops.types.operation import Guidance as Guidance
    from brainops.types.operation import Observation as Observation
    from brainops.types.operation import Operation as Operation
    from brainops.types.operation import OperationStart as OperationStart
    from brainops.types.operation import Outcome as Outcome
    from brainops.types.operation import Recommendation as Recommendation
    from brainops.types.operation import RecommendedAgent as RecommendedAgent
    from brainops.types.operation import Record as Record
    from brainops.types.operation import SimilarOperation as SimilarOperation
    from brainops.types.operation import Succeeded as Succeeded
    from brainops.types.page import Page as Page
    from brainops.types.people import Claims as Claims
    from brainops.types.people import Person as Person
    from brainops.types.people import RoleGrant as RoleGrant
    from brainops.types.people import SignedIn as SignedIn
    from brainops.types.people import SignIn as SignIn
    from brainops.types.people import SignInKind as SignInKind
    from brainops.types.procedure import Action as Action
    from brainops.types.procedure import Applied as Applied
    from brainops.types.procedure import Change as Change
    from brainops.types.procedure import Concurrency as Concurrency
    from brainops.types.procedure import Condition as Condition
    from brainops.types.procedure import Example as Example
    from brainops.types.procedure import ExampleResult as ExampleResult
    from brainops.types.procedure import Mode as Mode
    from brainops.types.procedure import Owner as Owner
    from brainops.types.procedure import Procedure as Procedure
    from brainops.types.procedure import ProcedureHistory as ProcedureHistory
    from brainops.types.procedure import ProcedureState as ProcedureState
    from brainops.types.procedure import ProcedureVersion as ProcedureVersion
    from brainops.types.procedure import Retry as Retry
    from brainops.types.procedure import Step as Step
    from brainops.types.procedure import StepKind as StepKind
    from brainops.types.procedure import Trigger as Trigger
    from brainops.types.procedure import TriggerDecision as TriggerDecision
    from brainops.types.procedure import TriggerMatch as TriggerMatch
    from brainops.types.procedure import Verification as Verification
    from brainops.types.proof import Approver as Approver
    from brainops.types.proof import Channel as Channel
    from brainops.types.proof import ChannelKind as ChannelKind
    from brainops.types.proof import ClientProof as ClientProof
    from brainops.types.proof import Delivery as Delivery
    from brainops.types.proof import DeliveryAttempt as DeliveryAttempt
    from brainops.types.proof import Enrolled as Enrolled
    from brainops.types.proof import KeyProof as KeyProof
    from brainops.types.proof import Proof as Proof
    from brainops.types.proof import SecretKind as SecretKind
    from brainops.types.proof import SignInProof as SignInProof
    from brainops.types.proof import SlackProof as SlackProof
    from brainops.types.proof import TerminalProof as TerminalProof
    from brainops.types.run import ENDED as ENDED
    from brainops.types.run import Answer as Answer
    from brainops.types.run import Approval as Approval
    from brainops.types.run import ApprovalKind as ApprovalKind
    from brainops.types.run import ApprovalState as ApprovalState
    from brainops.types.run import CurrentStep as CurrentStep
    from brainops.types.run import Handled as Handled
    from brainops.types.run import Notice as Notice
    from brainops.types.run import NoticeKind as NoticeKind
    from brainops.types.run import Plan as Plan
    from brainops.types.run import PlannedStep as PlannedStep
    from brainops.types.run import Run as Run
    from brainops.types.run import RunState as RunState
    from brainops.types.run import StepRun as StepRun
    from brainops.types.run import StepState as StepState

__getattr__, __dir__, __all__ = lazy.names(
    "brainops.types",
    {
        "access": "AccessKey Down IssuedKey OperationToken ReadableNamespace Role",
        "agent": "AdapterKind Agent AgentLearning AgentLimits Attempt Choice Execution ExecutionState"
        " LanguageBudget LanguageUse MemoryAccess Task TaskRecord Workflow WorkflowPlan",
        "alert": "Alert AlertEvent AlertState Inbox SetAside",
        "change": "ChangeKind FeedEntry",
        "chart": "Chart ChartLine ChartMark",
        "evidence": "Cause CauseChange CauseStanding ErrorState RemedyEffect RemedyEvidence SeenError",
        "fix": "ApplicationState BlastRadius Fix FixApplication FixConfidence FixKind FixMode FixSuggestion"
        " Recognition",
        "guard": "AllOf Allow AnyOf Ask Autonomy Bypass Compliance ComplianceRow Decision DecisionKind Deny"
        " Departure Done Enforcement FailMode GuardSettings GuardState PastOperation Receipt"
        " ReceiptMatch RecordedDecision Replay Replayed Requirement Rule RuleKind RuleMode"
        " SettingChange",
        "job": "Job JobKind JobState",
        "knowledge": "Actor ActorKind AuditEntry Captured Check Draft DraftFields Embedder ErrorEvent Explanation"
        " Feedback Filter Finding Fingerprint Frame Hit JSON Junk Match MatchCounts Memory MemoryState MemoryType"
        " MemoryUse Micros NOBODY NO_ERROR Progress Source Trust Verdict",
        "learning": "Anomaly Briefing CalibrationBar CalibrationRecord CaseDecision CaseStanding CodeRepository Cycle"
        " CycleReport CycleStanding DecidedCase HealthFigure Series SeriesPoint Improvement ImprovementKind"
        " ImprovementState Ingested Insight LogTemplate Metric Peer Precursor Received Report ReportLine Section"
        " SessionRecord Shared Suspect TemplateTrend",
        "next_tries": "NextTries NextTry",
        "operation": "ActionClass Consult Evidence Failed Guidance Observation Operation OperationStart Outcome"
        " Recommendation RecommendedAgent Record SimilarOperation Succeeded",
        "page": "Page",
        "people": "Claims Person RoleGrant SignIn SignInKind SignedIn",
        "procedure": "Action Applied Change Concurrency Condition Example ExampleResult Mode Owner Procedure"
        " ProcedureHistory ProcedureState ProcedureVersion Retry Step StepKind Trigger TriggerDecision"
        " TriggerMatch Verification",
        "proof": "Approver Channel ChannelKind ClientProof Delivery DeliveryAttempt Enrolled KeyProof Proof SecretKind"
        " SignInProof SlackProof TerminalProof",
        "run": "Answer Approval ApprovalKind ApprovalState CurrentStep ENDED Handled Notice NoticeKind Plan"
        " PlannedStep Run RunState StepRun StepState",
    },
)
