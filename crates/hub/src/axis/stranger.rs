//! A sender that nobody here knows, as the directory of its axis has it, and otherwise as its packet says.

use domain::agency::{self, Agency, Code, CodeAssignment, Kind, Tier};
use domain::letters;

use super::directory::{Row, newer};

/// Beginnings of the names of bodies of communes. Since 1 July 2025 a commune's code may stand right below its province's, so that the
/// code alone does not tell its tier.
const OF_COMMUNES: [&str; 16] = [
    "uy-ban-nhan-dan-xa-",
    "uy-ban-nhan-dan-phuong-",
    "uy-ban-nhan-dan-thi-tran-",
    "uy-ban-nhan-dan-dac-khu-",
    "hoi-dong-nhan-dan-xa-",
    "hoi-dong-nhan-dan-phuong-",
    "hoi-dong-nhan-dan-thi-tran-",
    "hoi-dong-nhan-dan-dac-khu-",
    "ubnd-xa-",
    "ubnd-phuong-",
    "ubnd-thi-tran-",
    "ubnd-dac-khu-",
    "hdnd-xa-",
    "hdnd-phuong-",
    "hdnd-thi-tran-",
    "hdnd-dac-khu-",
];

/// The codes of the directory's row besides the one by which it was found, as far as they are codes.
pub(super) fn other_codes(code: &Code, listed: &Row) -> Vec<Code> {
    let mut codes: Vec<Code> = [&listed.code, &listed.old_code].into_iter().filter_map(|text| text.parse().ok()).collect();
    codes.dedup();
    codes.retain(|other| other != code);
    codes
}

/// An agency that nobody here knows, until somebody looks. `says` is its name in its packet; `parent` the agency here that is above it.
pub(super) fn provisional(code: &Code, says: &str, listed: Option<&Row>, parent: Option<&Agency>) -> Agency {
    let name = listed.map_or("", |row| row.name.trim());
    let name = if name.is_empty() { says.trim() } else { name };
    let canonical = listed.map(|row| row.code.clone()).filter(|text| text.parse::<Code>().is_ok());
    let canonical = canonical.or_else(|| newer(code.as_str())).unwrap_or_else(|| code.as_str().to_owned());
    let others = listed.map(|row| other_codes(code, row)).unwrap_or_default();
    let assigned = |code: Code| CodeAssignment { code, valid_from: None, valid_until: None, provisional: true };
    Agency {
        id: agency::Id::parse(&format!("axis.{}", letters::slug(&canonical))).unwrap_or_else(|_| agency::Id::axis()),
        tier: parent.map_or_else(|| tier(&canonical, name), |parent| tier(&canonical, name).max(parent.tier)),
        kind: Kind::Other,
        parent: parent.map(|parent| parent.id.clone()),
        name: if name.is_empty() { code.as_str().to_owned() } else { name.chars().take(200).collect() },
        short_name: String::new(),
        codes: [code.clone()].into_iter().chain(others).map(assigned).collect(),
        state: agency::State::Active,
        valid_from: None,
        valid_until: None,
        changed_seq: 0,
    }
}

fn tier(code: &str, name: &str) -> Tier {
    let name = letters::slug(name);
    match code.split('.').count() {
        1 if code.starts_with('G') => Tier::Central,
        1 => Tier::Province,
        _ if OF_COMMUNES.iter().any(|start| name.starts_with(start)) => Tier::Commune,
        2 => Tier::Province,
        _ => Tier::Commune,
    }
}

#[cfg(test)]
mod tests {
    use super::super::directory::Standing;
    use super::*;

    fn row(code: &str, old_code: &str, name: &str) -> Row {
        Row {
            code: code.into(),
            old_code: old_code.into(),
            name: name.into(),
            parent: String::new(),
            center: String::new(),
            standing: Standing::Listed,
            version: 1,
        }
    }

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    #[test]
    fn an_unknown_sender_gets_a_tier_by_its_code_and_name() {
        for (text, name, tier, id) in [
            ("G22", "  ", Tier::Central, "axis.g22"),
            ("H41", "", Tier::Province, "axis.h41"),
            ("H41.15", "Sở Xây dựng", Tier::Province, "axis.h41-15"),
            ("H41.15.3", "", Tier::Commune, "axis.h41-15-3"),
            // Four groups of the older form, two of which are zeros, are a department of a province.
            ("000.00.15.H41", "", Tier::Province, "axis.h41-15"),
            ("H12.201", "Ủy ban nhân dân xã Ví Dụ Một", Tier::Commune, "axis.h12-201"),
            ("H12.202", "UBND Phường Ví Dụ Hai", Tier::Commune, "axis.h12-202"),
            ("H12.203", "Ủy ban nhân dân thị xã Ví Dụ", Tier::Province, "axis.h12-203"),
        ] {
            let agency = provisional(&code(text), name, None, None);
            assert_eq!((agency.tier, agency.id.as_str()), (tier, id), "{text}");
            assert_eq!(agency.name, if name.trim().is_empty() { text } else { name });
            assert!(agency.codes[0].provisional);
        }
    }

    #[test]
    fn the_directory_says_more_than_the_packet() {
        let parent = provisional(&code("H41"), "", None, None);
        let listed = row("H41.15", "000.00.15.H41", "Sở Xây dựng tỉnh Nghệ An");
        let agency = provisional(&code("000.00.15.H41"), "So XD", Some(&listed), Some(&parent));
        assert_eq!(agency.name, "Sở Xây dựng tỉnh Nghệ An");
        assert_eq!((agency.id.as_str(), agency.parent, agency.tier), ("axis.h41-15", Some(parent.id), Tier::Province));
        let codes: Vec<_> = agency.codes.iter().map(|assigned| assigned.code.as_str()).collect();
        assert_eq!(codes, ["000.00.15.H41", "H41.15"]);
        // A row without a name, and codes that are none, take nothing away.
        let agency = provisional(&code("H41.15"), "Sở XD", Some(&row("H41.15", "cũ", " ")), None);
        assert_eq!((agency.name.as_str(), agency.codes.len()), ("Sở XD", 1));
    }

    #[test]
    fn no_agency_is_of_a_tier_above_the_one_it_belongs_to() {
        let mut parent = provisional(&code("H41.15.3"), "", None, None);
        parent.tier = Tier::Commune;
        assert_eq!(provisional(&code("H41.16"), "", None, Some(&parent)).tier, Tier::Commune);
    }
}
