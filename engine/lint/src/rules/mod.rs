//! The rules, one file each. The order is that of worth to somebody who is on call.

use crate::rule::Rule;

macro_rules! rules {
    ($($name:ident)*) => {
        $(pub mod $name;)*
        pub const RULES: &[&Rule] = &[$(&$name::RULE),*];
    };
}

rules! {
    act_without_undo
    destructive_unconfirmed
    look_that_writes
    cluster_without_guard
    hard_coded_secret
    secret_shown
    pipe_hides_failure
    curl_without_fail
    lost_shell_state
    retry_not_repeatable
    no_timeout
    needs_terminal
    stream_without_live
    sudo_may_ask
    deadline_impossible
    deadline_at_risk
    longer_than_block
    prompt_without_deadline
    unreachable_step
    unreached_by_matrix
    checkpoint_without_check
    todo_left
    placeholder_contact
    review_overdue
    no_owner
    hole_in_nested_quotes
    path_without_dashes
    hard_coded_host
    shadowed_name
    unused_param
    unused_value
    unused_procedure
    unused_message
    unused_module
    unused_contact
    follow_up_without_owner
    any_without_note
    vague_title
    duplicate_title
    platform_variant_missing
    deprecated_spelling
    allow_without_reason
    unused_allow
}
