//! Weak signatures counted by the program that made them: it is programs, and not certificates, that have to be replaced.

use std::collections::BTreeMap;

use crate::verify::Language;
use crate::verify::finding::Finding;
use crate::verify::text::printable;

/// Programs told apart; whatever else signs weakly is counted together.
const MAX_TOOLS: usize = 50;

/// Intact signatures with a weak algorithm, by signing program.
#[derive(Debug, Default)]
pub(crate) struct WeakByTool {
    by_tool: BTreeMap<String, usize>,
    /// By programs that do not name themselves.
    nameless: usize,
    /// By programs beyond those that are told apart.
    others: usize,
}

impl WeakByTool {
    pub(crate) fn count(&mut self, finding: &Finding) {
        for one in finding.signatures.iter().filter(|one| one.intact && one.weak) {
            match &one.signing_tool {
                None => self.nameless += 1,
                Some(tool) if self.by_tool.len() < MAX_TOOLS || self.by_tool.contains_key(tool) => {
                    *self.by_tool.entry(tool.clone()).or_default() += 1;
                }
                Some(_) => self.others += 1,
            }
        }
    }

    /// Lines for a reader, the programs with the most such signatures first; empty where there is none.
    pub(crate) fn told(&self, language: Language) -> String {
        let total = self.by_tool.values().sum::<usize>() + self.nameless + self.others;
        if total == 0 {
            return String::new();
        }
        let mut out = match language {
            Language::Vi => format!("Chữ ký nguyên vẹn nhưng dùng thuật toán yếu: {total}, theo phần mềm ký:\n"),
            Language::En => format!("Intact signatures with a weak algorithm: {total}, by signing program:\n"),
        };
        let mut rows: Vec<(&str, usize)> = self.by_tool.iter().map(|(tool, count)| (tool.as_str(), *count)).collect();
        rows.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
        rows.push((language.choose("(các phần mềm khác)", "(other programs)"), self.others));
        rows.push((language.choose("(không rõ phần mềm)", "(program unknown)"), self.nameless));
        for (tool, count) in rows.into_iter().filter(|(_, count)| *count > 0) {
            out.push_str(&format!("  {count} {}\n", printable(tool)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_by_how_much_they_weaken() {
        let mut weak = WeakByTool::default();
        assert_eq!(weak.told(Language::Vi), "");
        weak.by_tool = BTreeMap::from([("PDF Tool 4.1.6.0".into(), 3), ("a\u{1b}[2J".into(), 7), ("SmartCA".into(), 3)]);
        weak.nameless = 1;
        assert_eq!(
            weak.told(Language::Vi),
            "Chữ ký nguyên vẹn nhưng dùng thuật toán yếu: 14, theo phần mềm ký:\n  7 a\u{fffd}[2J\n  3 PDF Tool 4.1.6.0\n  3 SmartCA\n  1 (không rõ phần mềm)\n"
        );
    }
}
