//! What was acknowledged is never lost and never done twice: kills under load, damage, a full disk.

mod full_disk;
mod home;
mod journal_damage;
mod killed;
mod rejudged;
mod tables_damage;
