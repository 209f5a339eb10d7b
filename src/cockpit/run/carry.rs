//! Carries effects out over the link, each in a task of its own; what came of them comes back as events.
//!
//! A verdict and what goes on record are sent once: without an answer their outcome is unknown, and nothing is sent
//! again behind a person's back. A stop may arrive twice, so it is repeated until it is answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::{mpsc, watch};

use crate::cockpit::effect::Effect;
use crate::cockpit::event::{Answer, What};
use crate::domain::{Digest, Error, Kind, Result, Untrusted, failpoint};
use crate::link::Link;
use crate::wire::{
    BlobGet, BlobGetParams, Call, HoldDecide, PresenceSet, PresenceSetParams, SessionAsk, SessionNote,
    SessionReview, SessionStop, limits,
};

/// Answers that may wait for the loop.
const ANSWERS_WAITING_MAX: usize = 64;

/// Carries effects out.
pub(super) struct Carrier {
    link: Option<Link>,
    presence: watch::Sender<Option<PresenceSetParams>>,
    answers: mpsc::Sender<Answer>,
    inbox: mpsc::Receiver<Answer>,
}

impl Carrier {
    /// Over a link.
    pub(super) fn over(link: Link) -> Self {
        let carrier = Self::new(Some(link.clone()));
        tokio::spawn(tell_presence(link, carrier.presence.subscribe()));
        carrier
    }

    /// Without a hub: nothing is sent.
    pub(super) fn nowhere() -> Self {
        Self::new(None)
    }

    fn new(link: Option<Link>) -> Self {
        let (answers, inbox) = mpsc::channel(ANSWERS_WAITING_MAX);
        Self { link, presence: watch::Sender::new(None), answers, inbox }
    }

    /// Waits for what came of something. Safe to drop and call again.
    pub(super) async fn answer(&mut self) -> What {
        match self.inbox.recv().await {
            Some(answer) => What::Answer(answer),
            None => std::future::pending().await,
        }
    }

    /// Carries one effect out.
    pub(super) fn carry(&self, effect: Effect) {
        let Some(link) = self.link.clone() else { return };
        let answers = self.answers.clone();
        if let Effect::SetPresence(params) = effect {
            self.presence.send_replace(Some(params));
            return;
        }
        tokio::spawn(async move {
            if let Some(answer) = carried(&link, effect).await {
                // The loop has ended: nobody is left to tell.
                let _ = answers.send(answer).await;
            }
        });
    }
}

async fn carried(link: &Link, effect: Effect) -> Option<Answer> {
    match effect {
        Effect::Decide(params) => {
            let key = params.key.clone()?;
            failpoint::hit("cockpit.decide");
            let result = link.call_once::<HoldDecide>(&params).await;
            failpoint::hit("cockpit.answered");
            Some(Answer::Decided { key, result })
        }
        Effect::Stop(params) => {
            let result = link.call::<SessionStop>(&params).await.map(drop);
            Some(Answer::Stopped { session: params.session, level: params.level, result })
        }
        Effect::Ask(params) => Some(recorded("question", once::<SessionAsk>(link, &params).await)),
        Effect::Note(params) => Some(recorded("note", once::<SessionNote>(link, &params).await)),
        Effect::Review(params) => Some(recorded("review", once::<SessionReview>(link, &params).await)),
        Effect::FetchBlob(sha256) => Some(Answer::Blob { sha256, result: fetch(link, sha256).await }),
        Effect::SetPresence(_)
        | Effect::Copy(_)
        | Effect::Title(_)
        | Effect::Bell
        | Effect::Redraw
        | Effect::ScheduleWake(_)
        | Effect::Suspend
        | Effect::Quit => None,
    }
}

fn recorded(what: &'static str, result: Result<()>) -> Answer {
    Answer::Recorded { what, result }
}

async fn once<C: Call>(link: &Link, params: &C::Params) -> Result<()> {
    link.call_once::<C>(params).await?.map(drop).map_err(Error::from)
}

/// Only the last of several wishes counts, and they never overtake each other.
async fn tell_presence(link: Link, mut wishes: watch::Receiver<Option<PresenceSetParams>>) {
    while wishes.changed().await.is_ok() {
        let wish = wishes.borrow_and_update().clone();
        if let Some(params) = wish {
            // Presence is a courtesy: after a reconnect it is told again.
            let _ = link.call_once::<PresenceSet>(&params).await;
        }
    }
}

/// Reads a stored payload piece by piece and checks it.
async fn fetch(link: &Link, sha256: Digest) -> Result<Untrusted> {
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        let params = BlobGetParams { sha256, offset: bytes.len() as u64 };
        let answer = link.call::<BlobGet>(&params).await?;
        let piece = STANDARD
            .decode(&answer.piece)
            .map_err(|_| Error::invalid("a piece of the stored payload is not valid base64"))?;
        bytes.extend_from_slice(&piece);
        if piece.is_empty() || bytes.len() as u64 >= answer.bytes {
            break;
        }
        if bytes.len() > limits::BLOB_MAX_BYTES {
            return Err(Error::new(Kind::TooLarge, "the stored payload is larger than it may be"));
        }
    }
    if Digest::of(&bytes) != sha256 {
        return Err(Error::new(
            Kind::Conflict,
            "the stored payload does not have the digest that it is named by",
        ));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}
