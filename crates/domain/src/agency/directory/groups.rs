//! `groups.csv`: one group a line.

use super::{BadLine, Columns, Line, read, spell, word, write};
use crate::agency::decide::MAX_GROUPS;
use crate::agency::{Code, Group, Id, Selector};
use crate::invalid;

const COLUMNS: Columns = Columns { required: &["id", "name", "members"], optional: &[] };

/// Reads groups. Members stand between `;`: an agency as `camau.dam-doi`, whoever has a code as `code:H12.15`, a part of the
/// tree as `subtree:camau.dam-doi`, with the tier and the kind behind it: `subtree:camau/commune/peoples_committee`.
///
/// # Errors
/// Every line that breaks a rule.
pub fn parse_groups(text: &str) -> Result<Vec<Group>, Vec<BadLine>> {
    read(text, &COLUMNS, MAX_GROUPS, group)
}

fn group(line: &mut Line<'_>) -> Option<Group> {
    let id = line.parse("id", Id::parse);
    let name = line.parse("name", |name| invalid::text(name, 1, 200).map(|()| name.to_owned()));
    let members = line.parse("members", |text| text.split(';').map(|item| member(item.trim())).collect::<Result<Vec<_>, _>>());
    Some(Group { id: id?, name: name?, members: members? })
}

fn member(item: &str) -> Result<Selector, String> {
    let id = |text: &str| Id::parse(text).map_err(|e| format!("holds an agency whose id {e}"));
    if let Some(code) = item.strip_prefix("code:") {
        return Code::parse(code).map(Selector::Code).map_err(|e| format!("holds a code that {e}"));
    }
    let Some(subtree) = item.strip_prefix("subtree:") else { return id(item).map(Selector::Agency) };
    let mut parts = subtree.splitn(3, '/');
    let root = id(parts.next().unwrap_or(""))?;
    Ok(Selector::Subtree { root, tier: optional_word(parts.next())?, kind: optional_word(parts.next())? })
}

fn optional_word<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, String> {
    text.filter(|text| !text.is_empty()).map(word).transpose().map_err(|e| format!("holds a subtree whose filter {e}"))
}

/// Writes groups so that [`parse_groups`] reads them back.
pub fn write_groups(groups: &[Group]) -> String {
    let record = |group: &Group| {
        let members: Vec<String> = group.members.iter().map(spell_member).collect();
        vec![group.id.to_string(), group.name.clone(), members.join(";")]
    };
    write(COLUMNS.required.iter().copied(), groups.iter().map(record))
}

fn spell_member(member: &Selector) -> String {
    match member {
        Selector::Agency(id) => id.to_string(),
        Selector::Code(code) => format!("code:{code}"),
        // Groups do not nest; a file that says so is refused when it is read.
        Selector::Group(id) => format!("group:{id}"),
        Selector::Subtree { root, tier: None, kind: None } => format!("subtree:{root}"),
        Selector::Subtree { root, tier, kind } => {
            let tier = tier.map(spell).unwrap_or_default();
            let kind = kind.map(|kind| format!("/{}", spell(kind))).unwrap_or_default();
            format!("subtree:{root}/{tier}{kind}")
        }
    }
}
