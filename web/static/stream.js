// One event stream, for ever: whatever ends it, another one is opened.

const AGAIN_MS = 2_000;
// A dashboard comes every 5 s at least; a connection that brings none is dead without knowing it.
const SILENCE_MS = 20_000;

export function follow(url, on) {
  let source = null;
  let connected = null;
  let heard = 0;
  let again = 0;

  const tell = (now) => {
    if (now !== connected) on.link((connected = now));
  };

  const open = () => {
    source?.close();
    heard = Date.now();
    source = new EventSource(url);
    const listen = (show) => (event) => {
      heard = Date.now();
      tell(true);
      show(JSON.parse(event.data));
    };
    source.addEventListener("message", listen(on.counts));
    source.addEventListener("dashboard", listen(on.dashboard));
    source.addEventListener("error", () => {
      tell(false);
      // It tries again by itself after a lost connection, but not after an answer such as 503.
      if (source.readyState === EventSource.CLOSED) retry();
    });
  };

  const retry = () => {
    clearTimeout(again);
    again = setTimeout(open, AGAIN_MS);
  };

  setInterval(() => {
    if (Date.now() - heard > SILENCE_MS) {
      tell(false);
      open();
    }
  }, 5_000);
  open();
}
