//! Forms that are read, and texts that are refused.

use super::*;

fn read(text: &str) -> Result<Vec<String>, String> {
    let mut reader = Reader::new(text.as_bytes());
    let mut inside = None;
    let mut forms = Vec::new();
    while let Some((line, form)) = reader.next(&mut inside).map_err(|what| format!("{}: {what}", reader.line))? {
        forms.push(format!("{line}: {}", form.written()));
    }
    Ok(forms)
}

#[test]
fn all_kinds_of_forms_are_read() {
    let text = "; a comment ]\n{:a 1, :b [2 -3 4N +5]}\n#{3 1}  (nil true \\newline \\a \"x\\n\\u00df\") #_ [1 #_2] :k\n\
                #jepsen.history.Op{:f :read} #inst \"2020\" ##Inf 1.5 #:s{:a 1} 99999999999999999999";
    let found = read(&format!("{{}} {text}")).unwrap();
    let right = [
        "1: {}",
        "2: {:a 1 :b [2 -3 4 5]}",
        "3: #{1 3}",
        "3: [nil true \\newline \\a \"x\\nß\"]",
        "3: :k",
        "4: #jepsen.history.Op {:f :read}",
        "4: #inst \"2020\"",
        "4: Inf",
        "4: 1.5",
        "4: {:a 1}",
        "4: 99999999999999999999",
    ];
    // A list at the top is passed through, so its elements are at the top.
    let flat = [&right[..3], &["3: nil", "3: true", "3: \\newline", "3: \\a", "3: \"x\\nß\""], &right[4..]].concat();
    assert_eq!(found, flat);
}

#[test]
fn what_is_not_edn_is_refused_with_its_line() {
    let wrong = [
        ("{:a", "1: the file ends before the `}` that ends a form"),
        ("\n[1", "2: the file ends before the `]` that closes it"),
        ("{:a 1\n]", "2: `]` is here, where a `}` ends the form"),
        ("}", "1: this `}` closes nothing"),
        ("{:a}", "1: this map has a key without a value"),
        ("\"abc", "1: the file ends in a string"),
        ("# 1", "1: `#` begins a set `#{…}` or a tag `#tag form`"),
        ("#a", "1: the file ends in a form behind a tag"),
    ];
    for (text, right) in wrong {
        assert_eq!(read(text).unwrap_err(), right, "{text}");
    }
    let deep = format!("{{{}", "[".repeat(100_000));
    assert_eq!(read(&deep).unwrap_err(), "1: this is nested more than 100 deep");
}
