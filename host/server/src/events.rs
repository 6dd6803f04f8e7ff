//! Server-sent events as a client reads them (HTML standard §9.2), as far as isolet sends them.

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub name: String,
    pub data: String,
    pub id: Option<String>,
}

/// Events out of bytes in whatever pieces.
#[derive(Default)]
pub struct Events {
    rest: Vec<u8>,
    name: String,
    data: String,
    id: Option<String>,
}

impl Events {
    /// The events that these bytes complete.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.rest.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let (name, data, id) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data), self.id.take());
                if !data.is_empty() {
                    events.push(Event { name, data, id });
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.name),
                "data" => self.data.push_str(value),
                "id" => self.id = Some(value.to_owned()),
                _ => {}
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_whatever_the_pieces_were() {
        let text = "retry: 1000\n\n:\n\nevent: log\nid: 7\ndata: {\"a\":\"é\"}\n\nevent: dropped\r\ndata:{}\r\n\r\nevent: half\ndata: x\n";
        let event = |name: &str, data: &str, id: Option<&str>| Event {
            name: name.to_owned(),
            data: data.to_owned(),
            id: id.map(str::to_owned),
        };
        let expected = [event("log", "{\"a\":\"é\"}", Some("7")), event("dropped", "{}", None)];
        for size in 1..text.len() {
            let mut events = Events::default();
            let read: Vec<Event> = text.as_bytes().chunks(size).flat_map(|piece| events.read(piece)).collect();
            assert_eq!(read, expected, "{size}");
        }
    }
}
