//! From an expression's text to a program: tokens, then Dijkstra's shunting yard.

use super::{FILTER_BYTES_MAX, FILTER_VALUES_MAX, Literal, Operator, Place, Program, Refused, Step};

/// Characters of a number, at most.
const NUMBER_BYTES_MAX: usize = 255;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    Open,
    Close,
    Not,
    Two(Operator),
}

impl Word {
    /// Operators and their words; of two that fit the longer counts.
    const ALL: &[(&[u8], Word)] = &[
        (b"(", Word::Open),
        (b")", Word::Close),
        (b"!", Word::Not),
        (b"not", Word::Not),
        (b"**", Word::Two(Operator::Power)),
        (b"*", Word::Two(Operator::Times)),
        (b"/", Word::Two(Operator::Over)),
        (b"%", Word::Two(Operator::Modulo)),
        (b"+", Word::Two(Operator::Plus)),
        (b"-", Word::Two(Operator::Minus)),
        (b">", Word::Two(Operator::Greater)),
        (b">=", Word::Two(Operator::GreaterEqual)),
        (b"<", Word::Two(Operator::Less)),
        (b"<=", Word::Two(Operator::LessEqual)),
        (b"==", Word::Two(Operator::Equal)),
        (b"!=", Word::Two(Operator::NotEqual)),
        (b"in", Word::Two(Operator::In)),
        (b"and", Word::Two(Operator::And)),
        (b"&&", Word::Two(Operator::And)),
        (b"or", Word::Two(Operator::Or)),
        (b"||", Word::Two(Operator::Or)),
    ];

    /// How strongly it binds.
    fn strength(self) -> u8 {
        match self {
            Word::Open | Word::Close => 7,
            Word::Not => 6,
            Word::Two(operator) => operator.strength(),
        }
    }
}

impl Operator {
    pub(crate) fn strength(self) -> u8 {
        match self {
            Operator::Power => 5,
            Operator::Times | Operator::Over | Operator::Modulo => 4,
            Operator::Plus | Operator::Minus => 3,
            Operator::And => 1,
            Operator::Or => 0,
            _ => 2,
        }
    }
}

enum Token {
    Value(Step),
    Word(Word),
}

impl Program {
    /// Compiles an expression; what follows a zero byte is not looked at.
    pub fn compile(text: &[u8]) -> Result<Program, Refused> {
        if text.len() > FILTER_BYTES_MAX {
            return Err(Refused::TooLarge);
        }
        let text = text.split(|byte| *byte == 0).next().unwrap_or(text);
        let mut compiler = Compiler {
            text,
            at: 0,
            program: Program { steps: Vec::new(), elements: Vec::new(), texts: Vec::new() },
            waiting: Vec::new(),
            values: 0,
        };
        // After a value or a closing parenthesis `-` is an operator, elsewhere it may begin a number.
        let mut after_value = false;
        while let Some(token) = compiler.token(after_value)? {
            after_value = !matches!(token, Token::Word(word) if word != Word::Close);
            match token {
                Token::Value(step) => compiler.emit(step)?,
                Token::Word(word) => compiler.word(word)?,
            }
        }
        while let Some(word) = compiler.waiting.pop() {
            if word == Word::Open {
                return Err(Refused::Syntax(0));
            }
            compiler.emit_word(word)?;
        }
        if compiler.values == 1 { Ok(compiler.program) } else { Err(Refused::Syntax(0)) }
    }
}

struct Compiler<'t> {
    text: &'t [u8],
    at: usize,
    program: Program,
    /// Operators and opening parentheses that wait for their right side.
    waiting: Vec<Word>,
    /// Values there would be at this point of the program.
    values: usize,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_of_field(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || b"+-*%/!()<>=|&".contains(&byte)
}

impl Compiler<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn wrong<T>(&self) -> Result<T, Refused> {
        Err(Refused::Syntax(self.at))
    }

    /// The next token; None at the end.
    fn token(&mut self, after_value: bool) -> Result<Option<Token>, Refused> {
        while is_space(self.peek(0)) {
            self.at += 1;
        }
        let value = match self.peek(0) {
            _ if self.at == self.text.len() => return Ok(None),
            b'0'..=b'9' => Step::Push(Literal::Number(self.number()?)),
            b'-' if !after_value && self.peek(1).is_ascii_digit() => Step::Push(Literal::Number(self.number()?)),
            b'"' | b'\'' => Step::Push(Literal::Text(self.quoted()?)),
            b'.' if is_of_field(self.peek(1)) => {
                self.at += 1;
                let from = self.at;
                while is_of_field(self.peek(0)) {
                    self.at += 1;
                }
                Step::Field(self.keep(self.text[from..self.at].iter().copied()))
            }
            b'[' => Step::Push(self.list()?),
            byte if is_of_word(byte) => return self.word_or_null().map(Some),
            _ => return self.wrong(),
        };
        Ok(Some(Token::Value(value)))
    }

    fn keep(&mut self, bytes: impl Iterator<Item = u8>) -> Place {
        let at = self.program.texts.len() as u32;
        self.program.texts.extend(bytes);
        Place { at, len: self.program.texts.len() as u32 - at }
    }

    fn number(&mut self) -> Result<f64, Refused> {
        let from = self.at;
        while matches!(self.peek(0), b'0'..=b'9' | b'.' | b'e' | b'E') || (self.at == from && self.peek(0) == b'-') {
            if self.at - from == NUMBER_BYTES_MAX {
                return self.wrong();
            }
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.text[from..self.at]).unwrap_or("");
        digits.parse().or(self.wrong())
    }

    /// A text in quotes of either kind. `\n`, `\r` and `\t` stand for what they do elsewhere, another escaped character for itself.
    fn quoted(&mut self) -> Result<Place, Refused> {
        let quote = self.peek(0);
        self.at += 1;
        let from = self.program.texts.len();
        loop {
            let byte = match self.peek(0) {
                // Redis tells the end of the expression here.
                0 => return self.wrong(),
                b'\\' if self.at + 1 < self.text.len() => {
                    self.at += 1;
                    match self.peek(0) {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        other => other,
                    }
                }
                byte if byte == quote => break,
                byte => byte,
            };
            self.program.texts.push(byte);
            self.at += 1;
        }
        self.at += 1;
        Ok(Place { at: from as u32, len: (self.program.texts.len() - from) as u32 })
    }

    /// `[1, "two"]`: numbers and texts.
    fn list(&mut self) -> Result<Literal, Refused> {
        self.at += 1;
        let from = self.program.elements.len() as u32;
        let skip_spaces = |compiler: &mut Compiler| {
            while is_space(compiler.peek(0)) {
                compiler.at += 1;
            }
        };
        loop {
            skip_spaces(self);
            let element = match self.peek(0) {
                b']' => break,
                b'0'..=b'9' | b'-' => Literal::Number(self.number()?),
                b'"' | b'\'' => Literal::Text(self.quoted()?),
                _ => return self.wrong(),
            };
            self.program.elements.push(element);
            skip_spaces(self);
            match self.peek(0) {
                b']' => break,
                b',' => self.at += 1,
                _ => return self.wrong(),
            }
        }
        self.at += 1;
        Ok(Literal::List(Place { at: from, len: self.program.elements.len() as u32 - from }))
    }

    fn word_or_null(&mut self) -> Result<Token, Refused> {
        let from = self.at;
        while is_of_word(self.peek(0)) {
            self.at += 1;
        }
        let run = &self.text[from..self.at];
        let letters = run.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        if &run[..letters] == b"null" {
            self.at = from + letters;
            return Ok(Token::Value(Step::Push(Literal::Null)));
        }
        let fitting = Word::ALL.iter().filter(|(word, _)| run.starts_with(word));
        let Some((word, found)) = fitting.max_by_key(|(word, _)| word.len()) else { return self.wrong() };
        self.at = from + word.len();
        Ok(Token::Word(*found))
    }

    fn word(&mut self, word: Word) -> Result<(), Refused> {
        match word {
            Word::Open => self.waiting.push(word),
            Word::Close => loop {
                match self.waiting.pop() {
                    None => return Err(Refused::Syntax(0)),
                    Some(Word::Open) => return Ok(()),
                    Some(waiting) => self.emit_word(waiting)?,
                }
            },
            _ => {
                // `!` stands before its side: nothing that waits can have it yet. `**` is done from the right.
                let binds_right = matches!(word, Word::Not | Word::Two(Operator::Power));
                while let Some(top) = self.waiting.last().copied().filter(|top| *top != Word::Open) {
                    if top.strength() < word.strength() || (binds_right && top.strength() <= word.strength()) {
                        break;
                    }
                    self.waiting.pop();
                    self.emit_word(top)?;
                }
                self.waiting.push(word);
            }
        }
        Ok(())
    }

    fn emit_word(&mut self, word: Word) -> Result<(), Refused> {
        match word {
            Word::Not => self.emit(Step::Not),
            Word::Two(operator) => self.emit(Step::Two(operator)),
            Word::Open | Word::Close => unreachable!("parentheses are never emitted"),
        }
    }

    fn emit(&mut self, step: Step) -> Result<(), Refused> {
        let (takes, leaves) = match step {
            Step::Push(_) | Step::Field(_) => (0, 1),
            Step::Not => (1, 1),
            Step::Two(_) => (2, 1),
        };
        if self.values < takes {
            return Err(Refused::Syntax(0));
        }
        self.values = self.values - takes + leaves;
        if self.values > FILTER_VALUES_MAX {
            return Err(Refused::TooLarge);
        }
        self.program.steps.push(step);
        Ok(())
    }
}
