//! Agencies, successions and groups.

use domain::agency::{Agency, CodeAssignment, Event, Group, Kind, Selector, State, Succession, SuccessionKind, Tier};

use super::{DecodeError, Stored, known, pb};

impl Stored for Event {
    type Message = pb::AgencyEvent;

    fn store(&self) -> pb::AgencyEvent {
        use pb::agency_event::Kind;
        let kind = match self {
            Self::Set(agency) => Kind::Set(agency.store()),
            Self::Succeeded(succession) => Kind::Succeeded(succession.store()),
            Self::GroupSet(group) => Kind::GroupSet(group.store()),
        };
        pb::AgencyEvent { kind: Some(kind) }
    }

    fn load(message: pb::AgencyEvent) -> Result<Self, DecodeError> {
        use pb::agency_event::Kind;
        Ok(match known(message.kind, "agency event")? {
            Kind::Set(agency) => Self::Set(Stored::load(agency)?),
            Kind::Succeeded(succession) => Self::Succeeded(Stored::load(succession)?),
            Kind::GroupSet(group) => Self::GroupSet(Stored::load(group)?),
        })
    }
}

stored_enum!(Tier => Tier { Central, Province, District, Commune });

stored_enum!(Kind => AgencyKind {
    PeoplesCommittee,
    PeoplesCouncil,
    Department,
    DistrictOffice,
    PartyBody,
    Ministry,
    MinistryUnit,
    PublicServiceUnit,
    Enterprise,
    MassOrganisation,
    Other,
});

stored_enum!(State => AgencyState { Active, Locked, Closed });

stored_enum!(SuccessionKind => SuccessionKind { Merge, Split, Transfer, Rename });

stored_struct!(Agency => Agency {
    id = id: value,
    tier = tier: value,
    kind = kind: value,
    parent = parent: value,
    name = name: plain,
    short_name = short_name: plain,
    codes = codes: value,
    state = state: value,
    valid_from = valid_from: value,
    valid_until = valid_until: value,
    changed_seq = changed_seq: plain,
});

stored_struct!(CodeAssignment => CodeAssignment {
    code = code: value,
    valid_from = valid_from: value,
    valid_until = valid_until: value,
    provisional = provisional: plain,
});

stored_struct!(Succession => Succession {
    kind = kind: value,
    from = from: value,
    to = to: value,
    effective = effective: value,
    scope = scope: plain,
});

stored_struct!(Group => Group { id = id: value, name = name: plain, members = members: value });

impl Stored for Selector {
    type Message = pb::Selector;

    fn store(&self) -> pb::Selector {
        use pb::selector::{Kind, Subtree};
        let kind = match self {
            Self::Agency(id) => Kind::Agency(id.store()),
            Self::Code(code) => Kind::Code(code.store()),
            Self::Group(id) => Kind::Group(id.store()),
            Self::Subtree { root, tier, kind } => Kind::Subtree(Subtree { root: root.store(), tier: tier.store(), kind: kind.store() }),
        };
        pb::Selector { kind: Some(kind) }
    }

    fn load(message: pb::Selector) -> Result<Self, DecodeError> {
        use pb::selector::Kind;
        Ok(match known(message.kind, "selector")? {
            Kind::Agency(id) => Self::Agency(Stored::load(id)?),
            Kind::Code(code) => Self::Code(Stored::load(code)?),
            Kind::Group(id) => Self::Group(Stored::load(id)?),
            Kind::Subtree(subtree) => {
                Self::Subtree { root: Stored::load(subtree.root)?, tier: Stored::load(subtree.tier)?, kind: Stored::load(subtree.kind)? }
            }
        })
    }
}
