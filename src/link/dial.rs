//! Opens one WebSocket to a hub, over a Unix socket or TCP.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::Target;
use crate::domain::{Error, Kind, Result};
use crate::wire::{SUBPROTOCOL, limits};

/// How long dialling and the handshake may take.
const DIAL_WITHIN: Duration = Duration::from_secs(10);

/// Either sort of socket.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A WebSocket to a hub.
pub(super) type Socket = WebSocketStream<Box<dyn Stream>>;

/// The limits that both sides of a socket keep.
fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(limits::MESSAGE_MAX_BYTES))
        .max_frame_size(Some(limits::MESSAGE_MAX_BYTES))
        .max_write_buffer_size(limits::WRITE_BUFFER_MAX_BYTES)
        .read_buffer_size(limits::READ_BUFFER_BYTES)
}

/// Dials and shakes hands.
pub(super) async fn dial(target: &Target) -> Result<Socket> {
    tokio::time::timeout(DIAL_WITHIN, connect(target)).await.unwrap_or_else(|_| {
        Err(Error::new(
            Kind::Unavailable,
            format!("the hub at {target} did not answer within {DIAL_WITHIN:?}"),
        ))
    })
}

async fn connect(target: &Target) -> Result<Socket> {
    let unreachable = |e: &dyn std::fmt::Display| {
        Error::new(Kind::Unavailable, format!("cannot reach the hub at {target}: {e}"))
            .hint("start one with `holdpoint hub`, or name another with --hub or HOLDPOINT_HUB")
    };
    let (stream, host): (Box<dyn Stream>, &str) = match target {
        Target::Unix(path) => {
            (Box::new(UnixStream::connect(path).await.map_err(|e| unreachable(&e))?), "localhost")
        }
        Target::Tcp(address) => {
            let stream = TcpStream::connect(address).await.map_err(|e| unreachable(&e))?;
            stream.set_nodelay(true)?;
            (Box::new(stream), address)
        }
    };
    let mut request = format!("ws://{host}/ws").into_client_request().map_err(|e| unreachable(&e))?;
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
    let shaken = tokio_tungstenite::client_async_with_config(request, stream, Some(socket_config())).await;
    shaken.map(|(socket, _)| socket).map_err(|e| unreachable(&e))
}
