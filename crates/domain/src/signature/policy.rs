//! The signature policy: reading, setting and asking it.

use serde::Deserialize;

use super::{Action, Command, Event, Requirement, Rule, SIGNATURE_POLICY, verdicts};
use crate::agency::Tier;
use crate::command::{Context, Ruling};
use crate::document::KindId;
use crate::event::{self, Place};
use crate::invalid::{Checker, Invalid};
use crate::refusal::Refusal;
use crate::route::toml_fault;
use crate::state::{self, Fault, MAX_ROW_BYTES, Overlay, State};
use crate::time::Date;

/// Bytes of a rule file: 1,000 rules of about 200 bytes.
const MAX_FILE: usize = 256 * 1024;
/// Rules of the policy.
const MAX_RULES: usize = 1_000;

/// Reads a rule file: `[[rule]]` with `issuer_tier` and `kind` (`"*"` for any), `on_failed`, `on_indeterminate`,
/// `on_unsigned`, `on_weak_digest` and `requires`; where wanted also `from` and `until` (days, `"2026-12-31"`), `on_wrong_signer`,
/// `on_wrong_order`, `on_unregistered`, `on_attachment` and `on_destroyed`.
pub fn parse_policy(text: &str) -> Result<Vec<Rule>, Invalid> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        rule: Vec<Line>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        issuer_tier: AnyOrTier,
        kind: String,
        on_failed: Action,
        on_indeterminate: Action,
        on_unsigned: Action,
        on_weak_digest: Action,
        requires: Requirement,
        from: Option<String>,
        until: Option<String>,
        on_wrong_signer: Option<Action>,
        on_wrong_order: Option<Action>,
        on_unregistered: Option<Action>,
        on_attachment: Option<Action>,
        on_destroyed: Option<Action>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum AnyOrTier {
        #[serde(rename = "*")]
        Any,
        Central,
        Province,
        District,
        Commune,
    }
    if text.len() > MAX_FILE {
        return Err(Invalid::one("file", format_args!("has {} bytes, at most {MAX_FILE} are allowed", text.len())));
    }
    let file: File = toml::from_str(text).map_err(|e| toml_fault(text, &e))?;
    let mut check = Checker::default();
    let mut rules = Vec::new();
    for (i, line) in file.rule.into_iter().enumerate() {
        let kind = match line.kind.as_str() {
            "*" => None,
            id => check.parse(format!("rule[{i}].kind"), KindId::parse(id)),
        };
        let mut day = |key: &str, text: Option<String>| text.and_then(|text| check.parse(format!("rule[{i}].{key}"), text.parse::<Date>()));
        let (from, until) = (day("from", line.from), day("until", line.until));
        rules.push(Rule {
            issuer_tier: match line.issuer_tier {
                AnyOrTier::Any => None,
                AnyOrTier::Central => Some(Tier::Central),
                AnyOrTier::Province => Some(Tier::Province),
                AnyOrTier::District => Some(Tier::District),
                AnyOrTier::Commune => Some(Tier::Commune),
            },
            kind,
            on_failed: line.on_failed,
            on_indeterminate: line.on_indeterminate,
            on_unsigned: line.on_unsigned,
            on_weak_digest: line.on_weak_digest,
            requires: line.requires,
            from,
            until,
            on_wrong_signer: line.on_wrong_signer.unwrap_or(Rule::WRONG_SIGNER),
            on_wrong_order: line.on_wrong_order.unwrap_or(Rule::WRONG_ORDER),
            on_unregistered: line.on_unregistered.unwrap_or(Rule::UNREGISTERED),
            on_attachment: line.on_attachment.unwrap_or(Rule::ATTACHMENT),
            on_destroyed: line.on_destroyed,
        });
    }
    check.finish()?;
    check_rules(&rules)?;
    Ok(rules)
}

/// Where no rule matches: a forged file is refused, an unsigned one is taken with a warning, anything else is recorded.
pub(super) const DEFAULT: Rule = Rule {
    issuer_tier: None,
    kind: None,
    on_failed: Action::Refuse,
    on_indeterminate: Action::Record,
    on_unsigned: Action::Warn,
    on_weak_digest: Action::Record,
    requires: Requirement::None,
    from: None,
    until: None,
    on_wrong_signer: Rule::WRONG_SIGNER,
    on_wrong_order: Rule::WRONG_ORDER,
    on_unregistered: Rule::UNREGISTERED,
    on_attachment: Rule::ATTACHMENT,
    on_destroyed: None,
};

/// The first rule that matches, or the default.
pub(super) fn rule_on<'a>(rules: &'a [Rule], issuer_tier: Tier, kind: &KindId, day: Date) -> &'a Rule {
    let matches = |rule: &&Rule| {
        rule.issuer_tier.is_none_or(|tier| tier == issuer_tier)
            && rule.kind.as_ref().is_none_or(|only| only == kind)
            && rule.from.is_none_or(|from| from <= day)
            && rule.until.is_none_or(|until| day <= until)
    };
    rules.iter().find(matches).unwrap_or(&DEFAULT)
}

fn check_rules(rules: &[Rule]) -> Result<(), Invalid> {
    if !(1..=MAX_RULES).contains(&rules.len()) {
        return Err(Invalid::one("rules", format_args!("holds {} rules, 1 to {MAX_RULES} are allowed", rules.len())));
    }
    let mut check = Checker::default();
    for (i, rule) in rules.iter().enumerate() {
        let ordered = rule.from.zip(rule.until).is_none_or(|(from, until)| from <= until);
        check.require(ordered, format!("rules[{i}].until_date"), "lies before from_date");
    }
    check.finish()
}

/// Decides a command about the policy. Only admins may.
pub fn decide(rows: &dyn State, context: &Context<'_>, command: &Command) -> Result<Ruling, Refusal> {
    let rules = match command {
        Command::SetPolicy(rules) => rules,
        Command::Rejudge(rejudgement) => return verdicts::decide(rows, context, rejudgement),
    };
    context.caller.require_admin()?;
    check_rules(rules)?;
    let bytes = postcard::to_stdvec(rules).map_or(usize::MAX, |row| row.len());
    if bytes > MAX_ROW_BYTES {
        return Err(Refusal::TooLarge(format!("the signature policy takes {bytes} bytes, at most {MAX_ROW_BYTES} are kept")));
    }
    let events = if *rules == policy(rows)? { Vec::new() } else { vec![event::Event::Signature(Event::PolicySet(rules.clone()))] };
    Ok(Ruling { resource: "signature-policy".into(), events })
}

/// Writes the rules, or a verdict that changed.
pub fn apply(place: &Place<'_>, event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    match event {
        Event::PolicySet(rules) => rows.put_row(SIGNATURE_POLICY, &[], rules),
        Event::Rejudged(rejudged) => verdicts::apply(place, rejudged, rows),
    }
}

/// The rules that are set, first things first.
pub fn policy(rows: &dyn State) -> Result<Vec<Rule>, Fault> {
    Ok(state::read(rows, SIGNATURE_POLICY, &[])?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agency::scene::{Scene, faults};
    use crate::command;
    use crate::principal::Role;

    const TEXT: &str = "\
[[rule]]
issuer_tier = \"commune\"
kind = \"cong-van\"
on_failed = \"refuse\"
on_indeterminate = \"warn\"
on_unsigned = \"warn\"
on_weak_digest = \"record\"
requires = \"both\"
";

    fn rule() -> Rule {
        Rule {
            issuer_tier: Some(Tier::Commune),
            kind: KindId::parse("cong-van").ok(),
            on_failed: Action::Refuse,
            on_indeterminate: Action::Warn,
            on_unsigned: Action::Warn,
            on_weak_digest: Action::Record,
            requires: Requirement::Both,
            ..DEFAULT
        }
    }

    #[test]
    fn a_file_is_read_and_a_bad_line_named() {
        assert_eq!(parse_policy(TEXT), Ok(vec![rule()]));
        let any = TEXT.replace("\"commune\"", "\"*\"").replace("\"cong-van\"", "\"*\"");
        assert_eq!(parse_policy(&any), Ok(vec![Rule { issuer_tier: None, kind: None, ..rule() }]));
        for (bad, field) in [
            (format!("{TEXT}on_expired = \"warn\"\n"), "line 9"),
            (TEXT.replace("\"both\"", "\"all\""), "line 8"),
            (TEXT.replace("cong-van", "Công văn"), "rule[0].kind"),
            (TEXT.replace("\"commune\"", "\"village\""), "line 2"),
            (String::new(), "rules"),
        ] {
            let invalid = parse_policy(&bad).unwrap_err();
            assert_eq!(invalid.faults()[0].field, field, "{invalid}");
        }
    }

    #[test]
    fn a_rule_may_hold_for_a_time_and_say_what_it_thinks_of_signers() {
        let more = "from = \"2026-01-01\"\nuntil = \"2026-12-31\"\non_wrong_signer = \"refuse\"\non_wrong_order = \"record\"\n\
                    on_unregistered = \"warn\"\non_attachment = \"warn\"\non_destroyed = \"refuse\"\n";
        let day = |text: &str| Some(text.parse::<Date>().unwrap());
        let stated = Rule {
            from: day("2026-01-01"),
            until: day("2026-12-31"),
            on_wrong_signer: Action::Refuse,
            on_wrong_order: Action::Record,
            on_unregistered: Action::Warn,
            on_attachment: Action::Warn,
            on_destroyed: Some(Action::Refuse),
            ..rule()
        };
        assert_eq!(parse_policy(&format!("{TEXT}{more}")), Ok(vec![stated]));
        for (bad, field) in
            [("from = \"31/12/2026\"\n", "rule[0].from"), ("from = \"2026-01-02\"\nuntil = \"2026-01-01\"\n", "rules[0].until_date")]
        {
            assert_eq!(parse_policy(&format!("{TEXT}{bad}")).unwrap_err().faults()[0].field, field);
        }
    }

    #[test]
    fn the_first_rule_of_the_day_decides() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let lenient = Rule { until: Some(day("2026-12-31")), ..rule() };
        let strict = Rule { on_weak_digest: Action::Refuse, ..rule() };
        let rules = [lenient, strict];
        let kind = KindId::parse("cong-van").unwrap();
        let on = |text: &str| rule_on(&rules, Tier::Commune, &kind, day(text)).on_weak_digest;
        assert_eq!(["2020-01-01", "2026-12-31", "2027-01-01"].map(on), [Action::Record, Action::Record, Action::Refuse]);
    }

    #[test]
    fn an_admin_sets_the_policy() {
        let mut scene = Scene::default();
        let set = |rules| command::Command::Signature(Command::SetPolicy(rules));
        assert_eq!(scene.by(Role::Auditor, &set(vec![rule()])), Err(Refusal::Denied));
        assert_eq!(faults(scene.admin(set(Vec::new()))), ["rules holds 0 rules, 1 to 1000 are allowed"]);
        scene.admin(set(vec![rule()])).unwrap();
        assert_eq!(policy(&scene.rows), Ok(vec![rule()]));
        assert_eq!(scene.admin(set(vec![rule()])), Ok(Vec::new()), "it is set already");
        let other = Rule { on_failed: Action::Warn, ..rule() };
        assert_eq!(scene.admin(set(vec![other.clone(), rule()])).map(|events| events.len()), Ok(1));
        assert_eq!(scene.admin(set(vec![rule(), other.clone()])).map(|events| events.len()), Ok(1), "the order of rules matters");
        assert_eq!(policy(&scene.rows), Ok(vec![rule(), other]));
        let long = Rule { kind: KindId::parse(&"k".repeat(63)).ok(), ..rule() };
        assert!(matches!(scene.admin(set(vec![long; 1_000])), Err(Refusal::TooLarge(_))));
    }
}
