//! Listens, shakes hands, and keeps browsers out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::connection::{self, Context};
use super::places::{Place, Places};
use crate::domain::{Error, Kind, Result};
use crate::wire::{SUBPROTOCOL, limits};

/// Pause after a connection could not be accepted (usually: too many open files).
const PAUSE: Duration = Duration::from_millis(100);

/// Where connections come from.
pub(super) enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    /// Listens over TCP; answers with the real port.
    pub(super) async fn tcp(address: SocketAddr) -> Result<(Self, SocketAddr)> {
        let bad = |e: std::io::Error| {
            Error::new(Kind::Unavailable, format!("cannot listen on {address}: {e}"))
                .hint("name another address with --listen")
        };
        let listener = TcpListener::bind(address).await.map_err(bad)?;
        let real = listener.local_addr().map_err(bad)?;
        Ok((Self::Tcp(listener), real))
    }

    /// Serves connections until the hub stops.
    pub(super) async fn serve(self, context: Arc<Context>, mut over: watch::Receiver<bool>) {
        let places = Places::new();
        loop {
            let place = tokio::select! {
                place = places.next() => place,
                () = connection::ended(&mut over) => return,
            };
            let Some(place) = place else { return };
            let accepted = tokio::select! {
                accepted = self.accept() => accepted,
                () = connection::ended(&mut over) => return,
            };
            let (context, over) = (Arc::clone(&context), over.clone());
            match accepted {
                Ok(stream) => {
                    tokio::spawn(greet(stream, place, context, over));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn accept(&self) -> std::io::Result<Box<dyn Stream>> {
        match self {
            Self::Unix(listener) => listener.accept().await.map(|(stream, _)| Box::new(stream) as _),
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }
}

/// Either sort of socket.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A client's WebSocket.
pub(super) type Socket = WebSocketStream<Box<dyn Stream>>;

async fn greet(
    stream: Box<dyn Stream>,
    place: Place,
    context: Arc<Context>,
    mut over: watch::Receiver<bool>,
) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(limits::MESSAGE_MAX_BYTES))
        .max_frame_size(Some(limits::MESSAGE_MAX_BYTES))
        .max_write_buffer_size(limits::WRITE_BUFFER_MAX_BYTES)
        .read_buffer_size(limits::READ_BUFFER_BYTES);
    let shaking = tokio_tungstenite::accept_hdr_async_with_config(stream, shake, Some(config));
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(context.timing.hello_within, shaking) => shaken,
        () = connection::ended(&mut over) => return,
    };
    match shaken {
        Ok(Ok(socket)) => connection::serve(socket, place, context, over).await,
        Ok(Err(error)) => tracing::info!(error = %error.to_string().escape_debug(), "no handshake"),
        Err(_) => tracing::info!("a connection did not finish its handshake in time"),
    }
}

/// Whether to speak with whoever asks so. Browsers always name an origin, and none has business here: a page that a
/// person happens to look at must not reach a hub on their machine.
#[allow(clippy::result_large_err)] // the shape that the WebSocket library asks for
fn shake(request: &Request, mut response: Response) -> std::result::Result<Response, ErrorResponse> {
    if request.headers().contains_key(header::ORIGIN) {
        return Err(refusal(StatusCode::FORBIDDEN, "browsers are not served"));
    }
    if request.uri().path() != "/ws" {
        return Err(refusal(StatusCode::NOT_FOUND, "the hub is at /ws"));
    }
    if !offers(request.headers()) {
        return Err(refusal(StatusCode::BAD_REQUEST, "offer the subprotocol holdpoint.v1"));
    }
    let ours = HeaderValue::from_static(SUBPROTOCOL);
    response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, ours);
    Ok(response)
}

fn offers(headers: &HeaderMap) -> bool {
    let offered =
        headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    offered.flat_map(|value| value.split(',')).any(|protocol| protocol.trim() == SUBPROTOCOL)
}

fn refusal(status: StatusCode, why: &str) -> ErrorResponse {
    let mut response = ErrorResponse::new(Some(format!("{why}\n")));
    *response.status_mut() = status;
    response
}
