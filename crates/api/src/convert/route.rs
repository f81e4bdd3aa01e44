//! The routing policy.

use domain::invalid::Invalid;
use domain::route::{Mode, Rule};

use crate::convert::agency::tier;
use crate::convert::fields::{Fields, read, same};
use crate::v1;

/// Four tiers make sixteen pairs.
const MAX_RULES: usize = 16;

same! {
    /// The mode of a number.
    mode: RouteMode = Mode { Direct, DirectCopySuperior, ViaSuperior, Refused }
}

/// The rules to set.
pub fn rules(rules: &[v1::RoutingRule]) -> Result<Vec<Rule>, Invalid> {
    read(|at| Some(at.items("rules", rules, (1, MAX_RULES), parse_rule)))
}

fn parse_rule(at: &mut Fields<'_>, message: &v1::RoutingRule) -> Option<Rule> {
    let from = at.stated("sender_tier", message.sender_tier, tier);
    let to = at.stated("recipient_tier", message.recipient_tier, tier);
    let ordinary = at.stated("ordinary", message.ordinary, mode);
    let urgent = at.any("urgent", message.urgent, mode);
    Some(Rule { from: from?, to: to?, ordinary: ordinary?, urgent: urgent.or(ordinary)? })
}

/// The message of all rules.
pub fn to_wire(rules: &[Rule]) -> v1::RoutingPolicy {
    let rules = rules.iter().map(|rule| v1::RoutingRule {
        sender_tier: v1::Tier::from(rule.from).into(),
        recipient_tier: v1::Tier::from(rule.to).into(),
        ordinary: v1::RouteMode::from(rule.ordinary).into(),
        urgent: v1::RouteMode::from(rule.urgent).into(),
    });
    v1::RoutingPolicy { rules: rules.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_urgent_mode_that_is_not_stated_is_the_ordinary_one_and_the_others_are_required() {
        let rule = v1::RoutingRule {
            sender_tier: v1::Tier::Commune.into(),
            recipient_tier: v1::Tier::Central.into(),
            ordinary: v1::RouteMode::ViaSuperior.into(),
            urgent: 0,
        };
        let parsed = rules(&[rule]).expect("a rule");
        assert_eq!(parsed.first().map(|rule| rule.urgent), Some(Mode::ViaSuperior));
        assert_eq!(to_wire(&parsed).rules.first().map(v1::RoutingRule::urgent), Some(v1::RouteMode::ViaSuperior));
        let unknown = v1::RoutingRule { ordinary: 99, sender_tier: 0, ..rule };
        let fields = rules(&[unknown]).expect_err("unknown numbers");
        let fields: Vec<_> = fields.faults().iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["rules[0].sender_tier", "rules[0].ordinary"]);
    }
}
