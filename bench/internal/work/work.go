// Package work is what all workers share: a job, and how the work on it is measured. A worker is a program of one
// library, run in a process of its own for one measurement. It gets its job as JSON in its first argument and answers
// with one line of JSON.
package work

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// Job is one measurement: what to do, and the settings that are the same for all libraries.
type Job struct {
	Work    string `json:"work"`
	Brokers string `json:"brokers"`
	Topic   string `json:"topic"`
	Group   string `json:"group"` // also the transactional id

	Messages   int  `json:"messages"`
	Warm       int  `json:"warm"` // messages to produce before the measurement
	Bytes      int  `json:"bytes"`
	Keys       int  `json:"keys"` // different keys; 0: none
	Partitions int  `json:"partitions"`
	Topics     int  `json:"topics"`  // topics to produce to, named Topic-0 and on; 0: Topic alone
	Clients    int  `json:"clients"` // of the idle work
	Seconds    int  `json:"seconds"` // of the work that takes a time and not a number of messages
	Text       bool `json:"text"`    // values that can be compressed to about a half

	Linger        int    `json:"linger"` // ms
	Acks          int    `json:"acks"`
	Idempotent    bool   `json:"idempotent"`
	Codec         string `json:"codec"`
	InFlight      int    `json:"inFlight"`
	BatchBytes    int    `json:"batchBytes"`
	BatchMessages int    `json:"batchMessages"`
	QueueMessages int    `json:"queueMessages"`
	QueueKB       int    `json:"queueKB"`
	MaxMessage    int    `json:"maxMessage"`

	FetchMinBytes       int `json:"fetchMinBytes"`
	FetchWait           int `json:"fetchWait"` // ms
	FetchBytes          int `json:"fetchBytes"`
	FetchPartitionBytes int `json:"fetchPartitionBytes"`
	FetchQueueMessages  int `json:"fetchQueueMessages"`
	FetchQueueKB        int `json:"fetchQueueKB"`

	Profile string `json:"profile,omitempty"` // where to write a CPU profile
}

// Work is one kind of work, done by one library.
type Work func(*Job, *Meter) error

// Works are those that a library can do, by Job.Work.
type Works map[string]Work

// Main runs a worker.
func Main(works Works) {
	if err := run(works); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(works Works) error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: %s JOB (a worker of bench/, which starts it)", os.Args[0])
	}
	var job Job
	if err := json.Unmarshal([]byte(os.Args[1]), &job); err != nil {
		return fmt.Errorf("reading the job: %w", err)
	}
	do := works[job.Work]
	if do == nil {
		return fmt.Errorf("no such work here: %q", job.Work)
	}
	m := &Meter{job: &job}
	if err := do(&job, m); err != nil {
		return fmt.Errorf("%s: %w", job.Work, err)
	}
	if m.Result == nil {
		return fmt.Errorf("%s: the work ended without a measurement", job.Work)
	}
	return json.NewEncoder(os.Stdout).Encode(m.Result)
}

// TopicNames are the topics of the job.
func (j *Job) TopicNames() []string {
	if j.Topics == 0 {
		return []string{j.Topic}
	}
	names := make([]string, j.Topics)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", j.Topic, i)
	}
	return names
}

// Payload are the keys and values of a job's messages, the same for each library.
type Payload struct {
	keys, values [][]byte
}

// Payload makes the keys and values.
func (j *Job) Payload() *Payload {
	p := &Payload{}
	random := rand.New(rand.NewPCG(1, 2))
	const words = "order customer delivery 0123456789 amount currency street status pending "
	// The same values come again after some megabytes at the earliest, which is further than any codec looks back.
	n := min(max(4<<20/max(j.Bytes, 1), 4), 64<<10)
	if !j.Text {
		n = min(n, 256)
	}
	for range n {
		v := make([]byte, j.Bytes)
		for i := range v {
			if !j.Text || i&31 < 14 {
				v[i] = byte(random.Uint32())
			} else {
				v[i] = words[i%len(words)]
			}
		}
		p.values = append(p.values, v)
	}
	for i := range j.Keys {
		p.keys = append(p.keys, fmt.Appendf(nil, "key-%06d", i))
	}
	return p
}

// Value returns the value of the i-th message. It is used again: who keeps it beyond the call has to copy it.
func (p *Payload) Value(i int) []byte { return p.values[i%len(p.values)] }

// Key returns the key of the i-th message, nil if messages have none.
func (p *Payload) Key(i int) []byte {
	if len(p.keys) == 0 {
		return nil
	}
	return p.keys[i%len(p.keys)]
}

// Latencies calls once for one message after the other, and takes how long each call lasts.
func Latencies(j *Job, m *Meter, once func(i int) error) error {
	for i := range j.Warm + j.Messages {
		if i == j.Warm {
			m.Start()
		}
		began := time.Now()
		if err := once(i); err != nil {
			return err
		}
		if i >= j.Warm {
			m.Latency(time.Since(began))
		}
	}
	m.Stop(j.Messages)
	return nil
}

// Count waits for the results of many messages: those of the warm-up, then the others.
type Count struct {
	warm, all int
	n         int
	warmed    chan struct{}
	done      chan error
}

// NewCount counts the results of a job's messages.
func NewCount(j *Job) *Count {
	return &Count{warm: j.Warm, all: j.Warm + j.Messages, warmed: make(chan struct{}), done: make(chan error, 1)}
}

// Add takes the result of one message. It must not be called concurrently.
func (c *Count) Add(err error) {
	if err != nil {
		select {
		case c.done <- fmt.Errorf("a message failed: %w", err):
		default:
		}
		return
	}
	c.n++
	if c.n == c.warm {
		close(c.warmed)
	}
	if c.n == c.all {
		c.done <- nil
	}
}

// Produce is the course of every produce work: send the warm-up, wait, measure the others.
func (c *Count) Produce(j *Job, m *Meter, send func(i int) error) error {
	for i := range c.all {
		if i == c.warm {
			select {
			case <-c.warmed:
			case err := <-c.done:
				return err
			}
			m.Start()
		}
		if err := send(i); err != nil {
			return err
		}
	}
	if err := <-c.done; err != nil {
		return err
	}
	m.Stop(j.Messages)
	return nil
}

// Consumed counts messages as a consumer gets them: the measurement begins with the first and ends with the last.
type Consumed struct {
	Job   *Job
	Meter *Meter
	n     int
}

// Add takes n messages and reports whether all are there.
func (c *Consumed) Add(n int) bool {
	if c.n == 0 && n > 0 {
		c.Meter.Start()
	}
	before := c.n
	c.n += n
	if before < c.Job.Messages && c.n >= c.Job.Messages {
		c.Meter.Stop(c.n)
	}
	return c.n >= c.Job.Messages
}

// QueueFull is how a producer waits that was told that the queue is full.
func QueueFull() { time.Sleep(time.Millisecond) }
