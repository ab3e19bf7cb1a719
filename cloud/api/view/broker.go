package view

import "time"

// Brokers are the message brokers and what waits in them.
type Brokers struct {
	AsOf    time.Time `json:"as_of"`
	Words   string    `json:"words" doc:"What is missing here, and why; empty when all answered"`
	Brokers []Broker  `json:"brokers"`
	Streams []Stream  `json:"streams"`
}

// Broker is one of them, by its own count since it was started.
type Broker struct {
	Name        string `json:"name"`
	Gateways    int    `json:"gateways" doc:"Connected now"`
	Parts       int    `json:"parts" doc:"Parts of the cloud that are connected now"`
	Routes      int    `json:"routes" doc:"Connections to other brokers now"`
	Refused     uint64 `json:"refused" doc:"Connections that were not let in"`
	Slow        int64  `json:"slow" doc:"Peers that were disconnected because they did not read"`
	MessagesIn  int64  `json:"messages_in"`
	MessagesOut int64  `json:"messages_out"`
	Stored      uint64 `json:"stored" doc:"Bytes of streams on its disk now"`
}

// Stream is where messages wait until they are stored.
type Stream struct {
	Name     string         `json:"name"`
	Silent   bool           `json:"silent" doc:"Its brokers do not answer: no more is known of it"`
	Messages uint64         `json:"messages" doc:"Packs of reports that wait"`
	Bytes    uint64         `json:"bytes"`
	Limit    *int64         `json:"limit" doc:"Bytes that it may have: a full one refuses, and gateways keep theirs"`
	Hours    float64        `json:"hours" doc:"After which what nobody stored is lost; 0: never"`
	Oldest   *time.Time     `json:"oldest" doc:"Of what waits"`
	Leader   string         `json:"leader" doc:"The broker that leads it; empty while there is none"`
	Copies   []StreamCopy   `json:"copies" doc:"On the other brokers of a cluster"`
	Readers  []StreamReader `json:"readers" doc:"Those for whom most waits first"`
	Unread   int            `json:"unread" doc:"Partitions that no worker reads"`
}

// StreamCopy is a stream's on one broker.
type StreamCopy struct {
	Broker  string `json:"broker"`
	Current bool   `json:"current" doc:"It has all that the leader has"`
	Offline bool   `json:"offline"`
	Behind  uint64 `json:"behind" doc:"Operations"`
}

// StreamReader takes messages out of a stream.
type StreamReader struct {
	Name    string     `json:"name"`
	Waiting uint64     `json:"waiting" doc:"Messages that were not given to it yet"`
	Open    int        `json:"open" doc:"Messages that it was given and has not stored yet"`
	Last    *time.Time `json:"last" doc:"When it was given one"`
}
