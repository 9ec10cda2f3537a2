//! `rename-command`: names that commands go by, and commands that are taken away. All before the table is first looked at.
//!
//! A renamed command is found under its new name only, by clients, scripts and procedures alike. What is shown of it
//! (COMMAND, errors, statistics), the rules of users and what is logged keep its own name, as in Redis.

use std::sync::Mutex;

use super::row::Row;

/// The lines so far; None: the table is made, so it is too late for more.
static LINES: Mutex<Option<Vec<(String, String)>>> = Mutex::new(Some(Vec::new()));

/// Takes one line. An empty `to` takes the command away. Err: the text for whoever configured it.
pub fn rename(from: &str, to: &str) -> Result<(), &'static str> {
    let mut lines = LINES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let Some(lines) = lines.as_mut() else { return Err("Commands are renamed at the start of the server only") };
    lines.push((from.into(), to.into()));
    let names = names_after(&super::rows(), lines).map(|_| ());
    if names.is_err() {
        lines.pop();
    }
    names
}

/// Per row the name it goes by, in lower case; empty where it was taken away. No line can come after this.
pub(super) fn names_in_force(rows: &[Row]) -> Vec<Box<str>> {
    let lines = LINES.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take().unwrap_or_default();
    names_after(rows, &lines).expect("each line was tried when it came")
}

/// Lines take effect one after the other: a name that was freed may be given to another command. Subcommands go with the
/// command that holds them.
fn names_after(rows: &[Row], lines: &[(String, String)]) -> Result<Vec<Box<str>>, &'static str> {
    let mut names: Vec<Box<str>> = rows.iter().map(|row| row.name.into()).collect();
    let whole = |number: usize| !rows[number].name.contains('|');
    for (from, to) in lines {
        let find = |names: &[Box<str>], wanted: &str| {
            (0..rows.len())
                .find(|number| whole(*number) && !wanted.is_empty() && names[*number].eq_ignore_ascii_case(wanted))
        };
        let number = find(&names, from).ok_or("No such command in rename-command")?;
        names[number] = "".into();
        if find(&names, to).is_some() {
            return Err("Target command name already exists");
        }
        names[number] = to.to_ascii_lowercase().into();
    }
    for (number, row) in rows.iter().enumerate() {
        let Some((container, own)) = row.name.split_once('|') else { continue };
        let parent = rows.iter().position(|other| other.name == container).expect("a subcommand has its container");
        names[number] = if names[parent].is_empty() { "".into() } else { format!("{}|{own}", names[parent]).into() };
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lines: &[(&str, &str)]) -> Result<Vec<Box<str>>, &'static str> {
        let lines: Vec<_> = lines.iter().map(|(from, to)| (from.to_string(), to.to_string())).collect();
        names_after(&super::super::rows(), &lines)
    }

    fn name_of(command: &str, lines: &[(&str, &str)]) -> String {
        let at = super::super::rows().iter().position(|row| row.name == command).expect("a row");
        names(lines).expect("lines that fit")[at].to_string()
    }

    #[test]
    fn a_command_goes_by_its_new_name() {
        assert_eq!(name_of("get", &[("GET", "Fetch")]), "fetch");
        assert_eq!(name_of("set", &[("GET", "Fetch")]), "set");
        assert_eq!(name_of("get", &[("get", "")]), "");
    }

    #[test]
    fn subcommands_go_with_their_container() {
        assert_eq!(name_of("config|get", &[("config", "c")]), "c|get");
        assert_eq!(name_of("config|get", &[("config", "")]), "");
    }

    #[test]
    fn lines_take_effect_one_after_the_other() {
        assert_eq!(name_of("get", &[("get", "a"), ("a", "b")]), "b");
        let swapped = [("get", "x"), ("set", "get"), ("x", "set")];
        assert_eq!((name_of("get", &swapped), name_of("set", &swapped)), ("set".into(), "get".into()));
    }

    #[test]
    fn what_is_not_there_cannot_be_renamed() {
        for from in ["nope", "", "config|get"] {
            assert_eq!(names(&[(from, "x")]).unwrap_err(), "No such command in rename-command", "{from}");
        }
        assert!(names(&[("get", ""), ("get", "x")]).is_err());
    }

    #[test]
    fn a_name_that_is_taken_stays_with_its_command() {
        assert_eq!(names(&[("get", "SET")]).unwrap_err(), "Target command name already exists");
        assert!(names(&[("get", "GET")]).is_ok());
    }
}
