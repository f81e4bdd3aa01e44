//! What can be done with a home while no hub serves it: check it, and make its tables anew.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::Config;
use crate::listener;
use crate::recovery::{self, Error, Existing};

/// Makes the tables anew from the journal. The old ones are moved aside. Says how many entries were applied.
pub fn rebuild(home: &Path, config: &Config) -> Result<u64, Error> {
    let (_log, tables, summary) = recovery::open(&home.join(&config.data.dir), config, Existing::SetAside)?;
    tables.close()?;
    Ok(summary.replayed)
}

/// Every row of the tables, brought up to the journal, in key order.
pub fn rows(home: &Path, config: &Config) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, Error> {
    let (_log, tables, _) = recovery::open(&home.join(&config.data.dir), config, Existing::Use)?;
    let rows = tables.dump().collect::<Result<_, _>>()?;
    tables.close()?;
    Ok(rows)
}

/// All that is wrong with a home, a sentence each; nothing is changed. The data must not be served meanwhile for `journal` to be
/// looked at whole.
pub fn check(home: &Path, config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    if let Err(error) = listener::tls_config(home, &config.tls) {
        problems.push(error.to_string());
    }
    for key in [&config.tls.key, Path::new("tls/client-ca.key")] {
        problems.extend(open_to_others(&home.join(key)));
    }
    let (journal_dir, _) = recovery::directories(&home.join(&config.data.dir));
    if journal_dir.exists()
        && let Err(error) = journal::check(&journal_dir)
    {
        problems.push(format!("the journal: {error}"));
    }
    problems
}

/// The sentence about a secret file that others may read, if they may.
pub(crate) fn open_to_others(key: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(key).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| format!("{} may be read by others (mode {mode:o}); set it to 600", key.display()))
}
