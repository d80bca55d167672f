"""Which conformance tests does a server not answer, and why not? Those of one process, or of one machine.

With EXCLUDED=1 those of TESTS are asked of it all the same, and each must fail: what passes by now is taken off here.
"""

from __future__ import annotations

from collections.abc import Mapping

FILES: Mapping[str, str] = {
    "a server carries out no step and no task: what is done with them is a worker's": """
        agents agents_shared code_patches improvements improvements_found run_operations
        runs_dispatch runs_guarded steps workflows workers
    """,
    "it is about the rows, the indexes and the files of a store, or the acts behind them": """
        acts clock columns cycles fingerprint_move import_powers leaks plans records retention
        schema statements sweep trail transfer upgrade
    """,
    "it is about a server itself": """
        rates
    """,
    "language models are asked by the process that knows them": """
        language
    """,
    "what is sent in is read by the types of the API: tests/server/test_api.py": """
        bad_input
    """,
}
"""Of these files none."""

TESTS: Mapping[str, str] = {
    "it hands over a function or a file of this process, or looks at what one process keeps to itself": """
        alerts.an_alert_fires_anew_after_it_was_resolved
        evidence.a_run_with_a_check_of_its_own_is_verified_evidence_and_a_failed_one_speaks_against_it
        evidence.what_applications_showed_before_there_was_evidence_is_evidence_since
        handling.an_event_begins_the_procedure_that_is_for_it_once_until_that_has_ended
        once.what_is_shown_once_is_kept_nowhere_and_a_purge_takes_answers_along
        operations.an_operation_is_ended_by_another_process
        operations.the_first_end_of_an_operation_is_the_one_that_counts
        pages.every_list_gives_each_item_once_by_pages_of_any_size_in_both_directions
        predictions.the_recommended_agent_is_named_and_kept_with_the_receipt
        procedures.a_list_is_asked_for_by_the_states_name
        procedures.a_version_never_changes_and_is_never_deleted
        procedures.another_process_sees_an_activation_at_once
        session.a_session_opens_though_learning_is_in_trouble
        signals.a_file_that_was_renamed_is_known_and_its_successor_is_new
        signals.a_log_in_another_encoding_is_read
        signals.a_log_that_rotation_packed_is_known_and_read_on
        signals.a_page_is_asked_for_only_where_its_host_was_allowed
        signals.half_a_line_waits_for_its_end
        signals.lines_that_are_no_utf_8_are_read_and_that_is_said
        signals.the_same_file_twice_counts_once_and_a_growing_one_is_read_on
        signals.what_cannot_be_taken_in_says_the_way_out
    """,
    "a server carries out no step: a worker goes on with the run, and the fix, that was begun": """
        alerts.a_run_that_no_alert_began_waits_for_none
        cases.a_decide_step_decides_where_it_is_sure
        cases.a_decide_step_that_abstains_waits_for_a_person_whose_answer_becomes_a_case
        cases.a_decision_that_was_confirmed_or_corrected_is_learned
        cases.an_answer_without_a_decision_is_refused
        changes.every_noun_is_told_with_what_its_row_says
        compliance.a_required_procedure_asks_and_a_run_of_it_clears
        compliance.a_run_of_which_no_step_was_done_is_not_followed_yet
        compliance.a_strict_procedure_denies_and_is_skipped_only_with_an_approval
        compliance.what_was_followed_is_told_from_what_was_not
        deadlines.a_view_has_at_most_the_time_of_the_one_that_it_was_made_of
        drafting.a_draft_of_a_language_model_goes_through_the_same_door
        drafting.a_run_goes_the_way_that_its_questions_are_answered
        drafting.two_documents_of_one_import_never_share_a_name
        fixes.a_change_of_configuration_is_applied_and_taken_back
        fixes.a_detached_fix_is_neither_suggested_nor_due_and_its_record_stays
        fixes.a_fix_that_a_person_applies_runs_and_is_verified_by_its_check
        fixes.a_procedure_that_mends_is_given_what_it_asks_for
        fixes.applying_a_fix_again_where_nothing_failed_since_is_no_second_proof
        fixes.the_same_error_after_the_window_or_on_another_target_contradicts_nothing
        fixes.what_came_from_outside_is_not_applied_until_somebody_vouches_for_it
        guidance.a_run_of_the_recommended_procedure_counts_as_following_it
        guidance.runs_that_fail_lower_the_confidence_in_procedures
        guidance.the_founding_sample_goes_both_ways
        once.every_writing_verb_is_done_once_and_answers_the_same
        pages.a_cursor_of_another_list_or_of_other_conditions_is_refused
        pages.what_comes_in_meanwhile_moves_no_page
        procedure_variants.a_procedure_of_git_becomes_a_patch
        procedure_variants.a_repair_that_people_do_each_time_is_tried_promoted_and_taken_back_exactly
        procedure_variants.a_second_variant_waits_until_the_first_is_decided
        procedure_variants.a_strict_procedure_keeps_its_way_until_a_person_says_otherwise
        procedure_variants.what_agents_did_each_time_is_proposed_and_never_applies_itself
        procedures.what_looks_like_a_secret_is_refused_without_being_said
        runs_steering.a_required_step_is_skipped_only_with_an_approval_that_is_used_up
    """,
    "a passphrase that is typed on a terminal, and who may approve, are of the machine that has the store": """
        approvals.a_lock_is_told_and_every_wrong_proof_stands_in_the_trail
        approvals.a_question_of_another_namespace_is_decided_there
        approvals.a_secret_that_was_put_in_a_row_by_hand_proves_nothing
        approvals.an_answer_is_given_once
        approvals.an_approval_covers_its_own_subject_and_kind_only
        approvals.an_approval_waits_while_the_clock_is_set_back_and_lasts_no_longer_for_it
        approvals.approvers_are_those_of_the_whole_store
        approvals.asking_again_while_it_is_open_is_the_same_question
        approvals.nobody_grants_what_is_too_late_even_before_the_sweep
        approvals.of_several_that_use_one_approval_one_gets_it
        approvals.texts_are_redacted_before_they_are_stored
        approvals.the_dialog_of_a_client_counts_where_an_approver_accepted_it
        approvals.what_a_person_granted_is_not_for_that_person_to_use
        approvals.what_a_proven_person_grants_is_used_once
        approvals.what_is_granted_is_used_in_time_or_lapses
        approvals.what_is_refused_cannot_be_used_and_may_be_asked_again
        approvals.who_asked_cannot_agree_whatever_case_the_name_is_in
        approvals.wrong_proofs_in_a_row_lock_for_longer_and_longer
        compliance.a_procedure_that_another_process_activates_holds_at_once
        guard.what_a_thread_has_yet_to_write_counts_as_done
        guard_controls.a_bypass_is_closed_early_and_holds_for_one_namespace
        guard_controls.a_bypass_lasts_no_longer_because_the_clock_was_set_back
        guard_controls.a_bypass_takes_a_proof_a_reason_and_an_end
        guard_controls.a_proven_person_opens_the_guard_for_a_while
        guard_controls.a_rule_whose_blocks_are_judged_false_steps_down
        guard_controls.a_stop_holds_at_once_for_every_process_and_capture_goes_on
        guard_controls.an_approval_lets_one_operation_pass_once
        guard_controls.loosening_a_strict_guard_takes_a_proof_where_people_are_enrolled
        guard_controls.only_so_many_lines_of_a_rule_are_kept_a_day
        jobs.a_purge_in_the_background_takes_the_proof_when_it_is_asked_for
        outbox.a_button_of_slack_answers_for_an_approver
        outbox.an_agent_sets_up_no_channel_and_later_it_takes_an_approver
        people.a_group_gives_its_roles_to_who_is_in_it_when_they_sign_in
        people.a_group_is_named_just_as_whoever_signs_people_in_names_it
        people.a_link_signs_in_once_and_soon
        people.the_namespaces_are_those_with_something_in_them_in_which_somebody_has_a_role
        people.a_role_that_is_withdrawn_holds_no_longer_and_the_last_who_lets_in_stays
        people.a_role_that_was_written_by_hand_is_not_honoured_and_doctor_names_it
        people.a_sign_in_of_long_ago_opens_the_memory_and_approves_only_once_it_is_proven_anew
        people.an_approver_who_is_said_to_sign_in_is_one_person
        people.nobody_is_said_to_be_who_another_is
        people.nobody_who_signed_in_approves_what_they_asked_for
        people.of_a_person_who_is_removed_only_the_name_is_kept
        people.of_too_many_who_went_to_a_provider_the_newest_come_back
        people.roles_are_given_by_an_admin_of_the_whole_path_and_approving_always_takes_a_proof
        people.what_is_no_person_and_no_path_is_refused
        people.what_no_provider_calls_a_group_is_said_to_be_none
        people.who_approves_has_the_role_where_the_question_is
        people.who_could_approve_before_there_were_roles_and_was_let_go_may_not_by_a_row_written_again
        people.who_could_approve_before_there_were_roles_goes_on
        people.who_could_approve_before_there_were_roles_goes_on_by_a_secret_that_is_left
        people.who_signed_in_approves_what_they_looked_at_and_nothing_else
        runs_steering.a_granted_approval_lets_the_run_go_on_and_is_used_up
        runs_steering.a_refused_approval_fails_its_step
        runs_steering.who_granted_a_skip_is_told_who_may_use_it
    """,
}
"""Of the other files not these: FILE.TEST, without the test_ that both begin with."""


def why_not(named: str, listed: Mapping[str, str]) -> str | None:
    """Return why a file, or a test, is not asked of a server; None where it is."""
    return next((reason for reason, names in listed.items() if named in names.split()), None)
