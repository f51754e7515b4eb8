package kafka

import (
	"context"
	"encoding/json"
	"strconv"
	"time"
)

// Statistics are the figures of a client, in librdkafka's names and units: times in microseconds unless said
// otherwise, ages too. Their JSON is what a *Stats event carries. Fields of librdkafka that describe the inside of the C
// library are left out, see DIVERGENCES.md.
type Statistics struct {
	Name             string                  `json:"name"`
	ClientID         string                  `json:"client_id"`
	Type             string                  `json:"type"` // producer or consumer
	TS               int64                   `json:"ts"`   // on a clock of the process
	Time             int64                   `json:"time"` // seconds since 1970
	Age              int64                   `json:"age"`
	ReplyQueue       int                     `json:"replyq"` // events that wait for the application
	MsgCount         int64                   `json:"msg_cnt"`
	MsgSize          int64                   `json:"msg_size"`
	MsgMax           int64                   `json:"msg_max"`
	MsgSizeMax       int64                   `json:"msg_size_max"`
	SimpleCount      int                     `json:"simple_cnt"` // 0: there is no legacy consumer
	MetadataCacheCnt int                     `json:"metadata_cache_cnt"`
	Brokers          map[string]*BrokerStats `json:"brokers"`
	Topics           map[string]*TopicStats  `json:"topics"`
	Group            *GroupStats             `json:"cgrp,omitempty"`
	EOS              *ExactlyOnceStats       `json:"eos,omitempty"`
	Tx               int64                   `json:"tx"`
	TxBytes          int64                   `json:"tx_bytes"`
	Rx               int64                   `json:"rx"`
	RxBytes          int64                   `json:"rx_bytes"`
	TxMsgs           int64                   `json:"txmsgs"`
	TxMsgBytes       int64                   `json:"txmsg_bytes"`
	RxMsgs           int64                   `json:"rxmsgs"`
	RxMsgBytes       int64                   `json:"rxmsg_bytes"`
}

// BrokerStats are the figures of one broker.
type BrokerStats struct {
	Name            string                          `json:"name"` // host:port/id
	NodeID          int32                           `json:"nodeid"`
	NodeName        string                          `json:"nodename"`
	Source          string                          `json:"source"` // learned from the cluster, or configured
	State           string                          `json:"state"`  // INIT, UP or DOWN
	StateAge        int64                           `json:"stateage"`
	WaitRespCount   int64                           `json:"waitresp_cnt"` // requests that wait for an answer
	Tx              int64                           `json:"tx"`
	TxBytes         int64                           `json:"txbytes"`
	TxErrors        int64                           `json:"txerrs"`
	TxIdle          int64                           `json:"txidle"` // since the last request, -1 before the first
	RequestTimeouts int64                           `json:"req_timeouts"`
	Rx              int64                           `json:"rx"`
	RxBytes         int64                           `json:"rxbytes"`
	RxErrors        int64                           `json:"rxerrs"`
	RxIdle          int64                           `json:"rxidle"`
	Connects        int64                           `json:"connects"`
	Disconnects     int64                           `json:"disconnects"`
	OutbufLatency   WindowStats                     `json:"outbuf_latency"`
	RTT             WindowStats                     `json:"rtt"`
	Throttle        WindowStats                     `json:"throttle"` // milliseconds
	Requests        map[string]int64                `json:"req"`
	TopicPartitions map[string]BrokerPartitionStats `json:"toppars"` // led by the broker
}

// BrokerPartitionStats names a partition that a broker leads.
type BrokerPartitionStats struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
}

func (b *BrokerStats) own(topic string, id int32) {
	b.TopicPartitions[topic+"-"+strconv.Itoa(int(id))] = BrokerPartitionStats{topic, id}
}

// WindowStats summarize what was measured since the last statistics.
type WindowStats struct {
	Min        int64 `json:"min"`
	Max        int64 `json:"max"`
	Avg        int64 `json:"avg"`
	Sum        int64 `json:"sum"`
	StdDev     int64 `json:"stddev"`
	P50        int64 `json:"p50"`
	P75        int64 `json:"p75"`
	P90        int64 `json:"p90"`
	P95        int64 `json:"p95"`
	P99        int64 `json:"p99"`
	P9999      int64 `json:"p99_99"`
	OutOfRange int64 `json:"outofrange"`
	HdrSize    int   `json:"hdrsize"` // bytes that the window holds
	Count      int64 `json:"cnt"`
}

// TopicStats are the figures of one topic.
type TopicStats struct {
	Topic      string                     `json:"topic"`
	Age        int64                      `json:"age"`        // milliseconds
	BatchSize  WindowStats                `json:"batchsize"`  // bytes
	BatchCount WindowStats                `json:"batchcnt"`   // messages
	Partitions map[string]*PartitionStats `json:"partitions"` // "-1" holds messages without a partition yet
}

// PartitionStats are the figures of one partition. Offsets are OffsetInvalid where they are not known.
type PartitionStats struct {
	Partition            int32  `json:"partition"`
	Broker               int32  `json:"broker"`
	Leader               int32  `json:"leader"`
	Desired              bool   `json:"desired"` // the application consumes it
	MsgqCount            int64  `json:"msgq_cnt"`
	XmitMsgqCount        int64  `json:"xmit_msgq_cnt"`
	FetchqCount          int64  `json:"fetchq_cnt"`
	FetchqSize           int64  `json:"fetchq_size"`
	FetchState           string `json:"fetch_state"` // none, offset-query, active or stopped
	QueryOffset          int64  `json:"query_offset"`
	NextOffset           int64  `json:"next_offset"`
	AppOffset            int64  `json:"app_offset"`
	StoredOffset         int64  `json:"stored_offset"`
	StoredLeaderEpoch    int32  `json:"stored_leader_epoch"`
	CommitedOffset       int64  `json:"commited_offset"` // as CommittedOffset, by its old name
	CommittedOffset      int64  `json:"committed_offset"`
	CommittedLeaderEpoch int32  `json:"committed_leader_epoch"`
	EOFOffset            int64  `json:"eof_offset"`
	LowOffset            int64  `json:"lo_offset"`
	HighOffset           int64  `json:"hi_offset"`
	LastStableOffset     int64  `json:"ls_offset"`
	ConsumerLag          int64  `json:"consumer_lag"`        // behind the committed offset, -1 where not known
	ConsumerLagStored    int64  `json:"consumer_lag_stored"` // behind the stored offset, -1 where not known
	LeaderEpoch          int32  `json:"leader_epoch"`
	TxMsgs               int64  `json:"txmsgs"`
	TxBytes              int64  `json:"txbytes"`
	RxMsgs               int64  `json:"rxmsgs"`
	RxBytes              int64  `json:"rxbytes"`
	Msgs                 int64  `json:"msgs"`
	MsgsInFlight         int64  `json:"msgs_inflight"`
}

func newPartitionStats(id int32) *PartitionStats {
	none := int64(OffsetInvalid)
	return &PartitionStats{Partition: id, Broker: -1, Leader: -1, FetchState: "none", QueryOffset: none,
		AppOffset: none, StoredOffset: none, StoredLeaderEpoch: -1, CommitedOffset: none, CommittedOffset: none, CommittedLeaderEpoch: -1,
		EOFOffset: none, LowOffset: none, HighOffset: none, LastStableOffset: none, ConsumerLag: -1, ConsumerLagStored: -1, LeaderEpoch: -1}
}

// GroupStats are the state of a consumer's group membership. Ages are milliseconds.
type GroupStats struct {
	State           string `json:"state"` // query-coord while no broker can be reached, else up
	StateAge        int64  `json:"stateage"`
	JoinState       string `json:"join_state"` // init, wait-metadata, wait-join, wait-assign-call or steady
	RebalanceAge    int64  `json:"rebalance_age"`
	RebalanceCount  int64  `json:"rebalance_cnt"`
	RebalanceReason string `json:"rebalance_reason"`
	AssignmentSize  int    `json:"assignment_size"` // of a subscription: 0 for partitions given to Assign without one
}

// ExactlyOnceStats are the state of an idempotent or transactional producer. Ages are milliseconds.
type ExactlyOnceStats struct {
	IdempState    string `json:"idemp_state"` // Init or Assigned
	IdempStateAge int64  `json:"idemp_stateage"`
	TxnState      string `json:"txn_state"`
	TxnStateAge   int64  `json:"txn_stateage"`
	TxnMayEnq     bool   `json:"txn_may_enq"`
	ProducerID    int64  `json:"producer_id"`
	ProducerEpoch int16  `json:"producer_epoch"`
	EpochCount    int64  `json:"epoch_cnt"`
}

// startStats emits statistics every statistics.interval.ms. fill adds what the producer or consumer itself knows.
func (c *client) startStats(fill func(*Statistics)) {
	c.fillStats = fill
	interval := c.conf.ms("statistics.interval.ms")
	if interval <= 0 {
		return
	}
	c.tasks.run(func(ctx context.Context) {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			text, err := json.Marshal(c.statistics(true))
			if err == nil {
				c.emit(&Stats{string(text)})
			}
		}
	})
}

// statistics takes the figures. roll begins new windows.
func (c *client) statistics(roll bool) *Statistics {
	used := c.topics.all()
	s := c.figures.snapshot(roll, used, usualRequests(c.conf.kind))
	s.Name, s.ClientID, s.Type = c.name, c.conf.str("client.id"), "producer"
	if c.conf.kind == consumerClient {
		s.Type = "consumer"
	}
	s.Time = time.Now().Unix()
	s.MetadataCacheCnt = len(used)
	c.fillStats(s)
	for name, t := range s.Topics {
		for _, p := range t.Partitions {
			s.TxMsgs, s.TxMsgBytes, s.RxMsgs, s.RxMsgBytes = s.TxMsgs+p.TxMsgs, s.TxMsgBytes+p.TxBytes, s.RxMsgs+p.RxMsgs, s.RxMsgBytes+p.RxBytes
			if p.Partition < 0 {
				continue
			}
			leader, epoch, err := c.engine().PartitionLeader(name, p.Partition)
			if err != nil {
				continue
			}
			p.Broker, p.Leader, p.LeaderEpoch = leader, leader, epoch
			for _, b := range s.Brokers {
				if b.NodeID == leader && leader >= 0 {
					b.own(name, p.Partition)
				}
			}
		}
	}
	return s
}

// partition returns the figures of a partition, made on first use.
func (s *Statistics) partition(topic string, id int32) *PartitionStats {
	t := s.Topics[topic]
	if t == nil {
		t = &TopicStats{Topic: topic, Partitions: map[string]*PartitionStats{"-1": newPartitionStats(-1)}}
		s.Topics[topic] = t
	}
	return t.partition(id)
}

// fillStats adds what the producer itself knows.
func (p *Producer) fillStats(s *Statistics) {
	s.ReplyQueue = p.events.unread() + p.calls.unserved()
	s.MsgCount, s.MsgSize = p.queue.now()
	s.MsgMax, s.MsgSizeMax = p.queue.maxMessages, p.queue.maxBytes
	known := false
	p.topics.each(func(t *producerTopic) {
		parts := t.parts.Load()
		if parts == nil {
			return
		}
		for _, part := range *parts {
			part.mu.Lock()
			held, engine := part.held.len()+part.returned.len()+part.again.len(), part.inEngine.len(&p.blocks)+part.givenUp
			part.mu.Unlock()
			out := s.partition(t.name, part.id)
			out.MsgqCount, out.XmitMsgqCount, out.MsgsInFlight = int64(held), int64(engine), int64(engine)
			out.Msgs += int64(held)
			known = known || out.TxMsgs > 0
		}
	})
	if p.idempotent {
		s.EOS = p.exactlyOnceStats(known)
	}
}

// exactlyOnceStats is the state of idempotence. known says that the engine has a producer id: asking for one would
// make it get one.
func (p *Producer) exactlyOnceStats(known bool) *ExactlyOnceStats {
	e := &ExactlyOnceStats{IdempState: "Init", TxnState: txnInit.String(), ProducerID: -1, ProducerEpoch: -1}
	e.IdempStateAge = time.Since(p.born).Milliseconds()
	e.TxnStateAge = e.IdempStateAge
	if p.txn != nil {
		var state txnState
		var since time.Time
		state, since = p.txn.now()
		e.TxnState, e.TxnStateAge, e.TxnMayEnq = state.String(), time.Since(since).Milliseconds(), p.txn.open.Load()
		known = state != txnInit && state != txnWaitPID && state != txnFatalError
	}
	if known {
		if id, epoch, err := p.client.engine().ProducerID(p.client.tasks.ctx); err == nil {
			e.IdempState, e.ProducerID, e.ProducerEpoch, e.EpochCount = "Assigned", id, epoch, int64(epoch)+1
		}
	}
	return e
}

// fillStats adds what the consumer itself knows.
func (c *Consumer) fillStats(s *Statistics) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.ReplyQueue = len(c.queue.front)
	queued := map[*partition]*chunk{}
	for _, ch := range c.queue.chunks[c.queue.head:] {
		sum := queued[ch.p]
		if sum == nil {
			sum = &chunk{}
			queued[ch.p] = sum
		}
		sum.left += ch.left
		sum.bytes += ch.bytes
	}
	for k, p := range c.partitions {
		out := s.partition(k.topic, k.id)
		out.Desired = p.assigned
		switch {
		case p.want:
			out.FetchState = "active"
		case p.assigned:
			out.FetchState = "offset-query"
		case p.version > 0:
			out.FetchState = "stopped"
		}
		if sum := queued[p]; sum != nil {
			out.FetchqCount, out.FetchqSize = int64(sum.left), sum.bytes
		}
		out.QueryOffset, out.AppOffset = int64(p.query), int64(p.position)
		out.NextOffset = int64(max(p.position, p.start, p.reached, 0))
		out.CommittedOffset, out.CommitedOffset, out.CommittedLeaderEpoch = int64(p.committed.offset), int64(p.committed.offset), p.committed.epoch
		out.EOFOffset, out.LowOffset, out.HighOffset, out.LastStableOffset = int64(max(p.eofAt, p.reached)), int64(p.low), int64(p.high), int64(p.stable)
		out.RxMsgs, out.RxBytes, out.Msgs = p.rxMsgs, p.rxBytes, p.rxMsgs
		end := p.high
		if c.readCommitted {
			end = p.stable
		}
		if p.assigned {
			out.StoredOffset, out.StoredLeaderEpoch = int64(p.stored.offset), p.stored.epoch
			out.ConsumerLag, out.ConsumerLagStored = lag(end, p.committed.offset), lag(end, p.stored.offset)
		}
	}
	g := &c.group
	s.Group = &GroupStats{State: "query-coord", JoinState: "init", StateAge: time.Since(g.since).Milliseconds(), RebalanceAge: -1,
		RebalanceCount: g.rebalances, RebalanceReason: g.reason}
	if !g.rebalanced.IsZero() {
		s.Group.RebalanceAge = time.Since(g.rebalanced).Milliseconds()
	}
	if c.client.brokers.up() { // the coordinator itself is looked up when it is needed
		s.Group.State = "up"
	}
	if g.sub != nil {
		s.Group.AssignmentSize, s.Group.JoinState = len(c.assignment), "wait-join"
	}
	switch {
	case g.generation >= 0 && c.serving != nil:
		s.Group.State, s.Group.JoinState = "up", "wait-assign-call"
	case g.generation >= 0:
		s.Group.State, s.Group.JoinState = "up", "steady"
	}
}

// lag is how far an offset is behind the end, -1 where one of them is not known.
func lag(end, offset Offset) int64 {
	if end < 0 || offset < 0 {
		return -1
	}
	return max(int64(end-offset), 0)
}

// Stats returns the figures of the producer as they are now, whether or not statistics.interval.ms is set. Windows
// hold what was measured since the last *Stats event. It does not block.
func (p *Producer) Stats() *Statistics { return p.client.statistics(false) }

// Stats returns the figures of the consumer as they are now, whether or not statistics.interval.ms is set. Windows
// hold what was measured since the last *Stats event. It does not block.
func (c *Consumer) Stats() *Statistics { return c.client.statistics(false) }
