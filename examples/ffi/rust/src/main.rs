//! Streams a model's answer, and the ids of its tokens on stderr. Usage: generate MODEL PROMPT [TOKENS [CANCEL_AFTER]]
//!
//! CANCEL_AFTER: fire a cancel token after so many tokens, as another thread might at any time.
mod ffi;
mod premise;

use premise::{Cancel, Engine, Error, Event, Model};
use std::io::Write;

fn generate(path: &str, prompt: &str, max_tokens: i32, cancel_after: usize, ids: &mut Vec<String>) -> Result<(), Error> {
    let cancel = Cancel::new()?;
    let model = Model::open(&Engine::new(-1)?, path)?;
    let mut out = std::io::stdout();
    model.generate(prompt, max_tokens, Some(&cancel), |event| match event {
        Event::Text(text) => out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok(),
        Event::Token(id) => {
            ids.push(id.to_string());
            if ids.len() == cancel_after {
                cancel.fire();
            }
            true
        }
    })
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if !(3..=5).contains(&arguments.len()) {
        eprintln!("usage: generate MODEL PROMPT [TOKENS [CANCEL_AFTER]]");
        std::process::exit(2);
    }
    let number = |at: usize, otherwise: i32| arguments.get(at).map_or(otherwise, |text| text.parse().expect("a number"));
    let mut ids = Vec::new();
    match generate(&arguments[1], &arguments[2], number(3, 64), number(4, 0) as usize, &mut ids) {
        Err(error) if error.is_cancelled() => eprintln!("cancelled after {} tokens", ids.len()),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
        Ok(()) => {}
    }
    println!();
    eprintln!("ids: {}", ids.join(" "));
}
