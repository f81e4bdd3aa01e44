//! The routing policy: reading, setting and asking it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Command, Event, Mode, ROUTES, Rule};
use crate::agency::Tier;
use crate::command::{Context, Ruling};
use crate::event;
use crate::invalid::{Checker, Invalid};
use crate::refusal::Refusal;
use crate::state::{self, Fault, Overlay, State};

/// Bytes of a rule file; a full policy has 16 rules of about 100 bytes.
const MAX_FILE: usize = 64 * 1024;
/// Four tiers to four tiers.
const MAX_RULES: usize = 16;

/// Reads a rule file: `[[rule]]` with `from`, `to`, `ordinary` and `urgent`.
pub fn parse(text: &str) -> Result<Vec<Rule>, Invalid> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        rule: Vec<Line>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        from: Tier,
        to: Tier,
        ordinary: Mode,
        urgent: Mode,
    }
    if text.len() > MAX_FILE {
        return Err(Invalid::one("file", format_args!("has {} bytes, at most {MAX_FILE} are allowed", text.len())));
    }
    let file: File = toml::from_str(text).map_err(|e| toml_fault(text, &e))?;
    let rules: Vec<Rule> = file.rule.into_iter().map(|Line { from, to, ordinary, urgent }| Rule { from, to, ordinary, urgent }).collect();
    check(&rules)?;
    Ok(rules)
}

/// A TOML error as a fault that names the line.
pub(crate) fn toml_fault(text: &str, error: &toml::de::Error) -> Invalid {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    Invalid::one(format!("line {line}"), error.message())
}

fn check(rules: &[Rule]) -> Result<(), Invalid> {
    let mut check = Checker::default();
    check.require(
        (1..=MAX_RULES).contains(&rules.len()),
        "rules",
        format_args!("holds {} rules, 1 to {MAX_RULES} are allowed", rules.len()),
    );
    let mut seen = BTreeMap::new();
    for (i, rule) in rules.iter().enumerate().take(MAX_RULES) {
        if let Some(first) = seen.insert((rule.from, rule.to), i) {
            check.fault(format!("rules[{i}]"), format_args!("is for the same pair of tiers as rules[{first}]"));
        }
    }
    check.finish()
}

/// Decides a command about routes. Only admins may.
pub fn decide(rows: &dyn State, context: &Context<'_>, command: &Command) -> Result<Ruling, Refusal> {
    context.caller.require_admin()?;
    let Command::Set(named) = command;
    check(named)?;
    let before = rules(rows)?;
    let mut merged: BTreeMap<(Tier, Tier), Rule> = before.iter().map(|rule| ((rule.from, rule.to), *rule)).collect();
    merged.extend(named.iter().map(|rule| ((rule.from, rule.to), *rule)));
    let after: Vec<Rule> = merged.into_values().collect();
    let events = if before == after { Vec::new() } else { vec![event::Event::Route(Event::Set(after))] };
    Ok(Ruling { resource: "routing-policy".into(), events })
}

/// Writes the rules.
pub fn apply(event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    let Event::Set(rules) = event;
    rows.put_row(ROUTES, &[], rules)
}

/// The rules that are set, in the order of their tiers. Pairs without a rule follow the defaults of [`mode`].
pub fn rules(rows: &dyn State) -> Result<Vec<Rule>, Fault> {
    Ok(state::read(rows, ROUTES, &[])?.unwrap_or_default())
}

/// How a document travels from one tier to another. Where no rule is set it goes to the recipient, except that ordinary
/// documents of a commune for the central tier go through the superior.
pub fn mode(rows: &dyn State, from: Tier, to: Tier, urgent: bool) -> Result<Mode, Fault> {
    let rule = rules(rows)?.into_iter().find(|rule| rule.from == from && rule.to == to);
    Ok(match (rule, from, to) {
        (Some(rule), _, _) if urgent => rule.urgent,
        (Some(rule), _, _) => rule.ordinary,
        (None, Tier::Commune, Tier::Central) if !urgent => Mode::ViaSuperior,
        (None, _, _) => Mode::Direct,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agency::scene::{Scene, faults};
    use crate::principal::Role;

    fn rule(from: Tier, to: Tier, ordinary: Mode, urgent: Mode) -> Rule {
        Rule { from, to, ordinary, urgent }
    }

    fn set(rules: Vec<Rule>) -> crate::command::Command {
        crate::command::Command::Route(Command::Set(rules))
    }

    #[test]
    fn without_rules_only_communes_pass_through_their_superior_to_the_central_tier() {
        let scene = Scene::default();
        let tiers = [Tier::Central, Tier::Province, Tier::District, Tier::Commune];
        for (from, to) in tiers.into_iter().flat_map(|from| tiers.map(|to| (from, to))) {
            let ordinary = if (from, to) == (Tier::Commune, Tier::Central) { Mode::ViaSuperior } else { Mode::Direct };
            assert_eq!(mode(&scene.rows, from, to, false), Ok(ordinary), "{from:?} {to:?}");
            assert_eq!(mode(&scene.rows, from, to, true), Ok(Mode::Direct), "{from:?} {to:?}");
        }
    }

    #[test]
    fn set_rules_hold_and_other_pairs_keep_theirs() {
        let mut scene = Scene::default();
        let first = rule(Tier::Commune, Tier::Province, Mode::ViaSuperior, Mode::DirectCopySuperior);
        let second = rule(Tier::Central, Tier::Commune, Mode::Refused, Mode::Direct);
        assert_eq!(scene.by(Role::Auditor, &set(vec![first])), Err(Refusal::Denied));
        scene.admin(set(vec![first])).unwrap();
        scene.admin(set(vec![second])).unwrap();
        assert_eq!(scene.admin(set(vec![first])), Ok(Vec::new()));
        assert_eq!(rules(&scene.rows), Ok(vec![second, first]));
        assert_eq!(mode(&scene.rows, Tier::Commune, Tier::Province, false), Ok(Mode::ViaSuperior));
        assert_eq!(mode(&scene.rows, Tier::Commune, Tier::Province, true), Ok(Mode::DirectCopySuperior));
        assert_eq!(mode(&scene.rows, Tier::Commune, Tier::Central, false), Ok(Mode::ViaSuperior));
    }

    #[test]
    fn a_pair_of_tiers_has_one_rule() {
        let twice = rule(Tier::Commune, Tier::Province, Mode::Direct, Mode::Direct);
        let mut scene = Scene::default();
        assert_eq!(faults(scene.admin(set(vec![twice, twice]))), ["rules[1] is for the same pair of tiers as rules[0]"]);
        assert_eq!(faults(scene.admin(set(Vec::new()))), ["rules holds 0 rules, 1 to 16 are allowed"]);
    }

    #[test]
    fn a_file_is_read_and_a_bad_line_named() {
        let text = "[[rule]]\nfrom = \"commune\"\nto = \"central\"\nordinary = \"via_superior\"\nurgent = \"direct\"\n";
        assert_eq!(parse(text), Ok(vec![rule(Tier::Commune, Tier::Central, Mode::ViaSuperior, Mode::Direct)]));
        for (bad, field) in [
            (format!("{text}copy = true\n"), "line 6"),
            (text.replace("via_superior", "sideways"), "line 4"),
            (format!("{text}[other]\n"), "line 6"),
            (String::new(), "rules"),
        ] {
            let invalid = parse(&bad).unwrap_err();
            assert_eq!(invalid.faults()[0].field, field, "{invalid}");
        }
    }
}
