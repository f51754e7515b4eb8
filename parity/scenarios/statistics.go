package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// notOurs are the fields that describe the inside of the C library: DIVERGENCES.md, stats-fields.
var notOurs = map[string]bool{}

func init() {
	for _, f := range strings.Fields("brokers.outbuf_cnt brokers.outbuf_msg_cnt brokers.waitresp_msg_cnt brokers.txretries brokers.rxcorriderrs brokers.rxpartial brokers.zbuf_grow brokers.buf_grow brokers.wakeups brokers.int_latency " +
		"topics.metadata_age partitions.msgq_bytes partitions.xmit_msgq_bytes partitions.unknown partitions.rx_ver_drops partitions.next_ack_seq partitions.next_err_seq partitions.acked_msgid") {
		notOurs[f] = true
	}
}

// kinds shows the keys of an object with the kinds of their values.
func kinds(v any, in string) string {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprintf("%T", v)
	}
	var ss []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if notOurs[in+"."+k] {
			continue
		}
		kind := "?"
		switch x := m[k].(type) {
		case string:
			kind = "text"
		case bool:
			kind = "bool"
		case map[string]any:
			kind = "object"
		case float64:
			kind = "number"
			if x == float64(int64(x)) {
				kind = "int"
			}
		case nil:
			kind = "null"
		}
		ss = append(ss, k+":"+kind)
	}
	return strings.Join(ss, " ")
}

// statsDoc is what one event holds.
type statsDoc = map[string]any

func parseStats(ev kafka.Event) statsDoc {
	s, ok := ev.(*kafka.Stats)
	if !ok {
		return nil
	}
	var doc statsDoc
	if json.Unmarshal([]byte(s.String()), &doc) != nil {
		return nil
	}
	return doc
}

// producerStats waits for statistics for which f holds.
func (t *T) producerStats(label string, p *kafka.Producer, f func(statsDoc) bool) statsDoc {
	end := time.After(20 * time.Second)
	var last statsDoc
	for {
		select {
		case ev := <-p.Events():
			if doc := parseStats(ev); doc != nil {
				if last = doc; f(doc) {
					return doc
				}
			}
		case <-end:
			t.P("%s: not reached", label)
			return last
		}
	}
}

func (t *T) consumerStats(label string, c *kafka.Consumer, f func(statsDoc) bool) statsDoc {
	var last statsDoc
	if Next(c, 20*time.Second, func(ev kafka.Event) bool {
		doc := parseStats(ev)
		if doc == nil {
			return false
		}
		last = doc
		return f(doc)
	}) == nil {
		t.P("%s: not reached", label)
	}
	return last
}

func always(statsDoc) bool { return true }

// showAt writes single values.
func (t *T) showAt(label string, v any, keys ...string) {
	m, _ := v.(map[string]any)
	var ss []string
	for _, k := range keys {
		ss = append(ss, fmt.Sprintf("%s=%v", k, m[k]))
	}
	t.P("%s: %s", label, strings.Join(ss, " "))
}

// realBroker is the statistics of a broker that the cluster told of.
func realBroker(doc statsDoc) map[string]any {
	bs, _ := doc["brokers"].(map[string]any)
	for _, k := range slices.Sorted(maps.Keys(bs)) {
		b, _ := bs[k].(map[string]any)
		if id, ok := b["nodeid"].(float64); ok && id >= 0 && b["source"] == "learned" {
			return b
		}
	}
	return nil
}

func init() {
	reg("statistics.producer_kinds", func(t *T) {
		topic := t.Topic("topic", 2)
		p := t.Producer("statistics.interval.ms", 200)
		t.SendBy(p, message(topic, 0, "k", "v"))
		doc := t.producerStats("sent", p, func(d statsDoc) bool {
			n, _ := d["txmsgs"].(float64)
			return n >= 1 && realBroker(d) != nil
		})
		t.P("top: %s", kinds(doc, ""))
		b := realBroker(doc)
		t.P("broker: %s", kinds(b, "brokers"))
		t.P("rtt: %s", kinds(b["rtt"], "window"))
		t.P("throttle: %s", kinds(b["throttle"], "window"))
		t.P("outbuf_latency: %s", kinds(b["outbuf_latency"], "window"))
		tm := at(doc, "topics", topic)
		t.P("topic: %s", kinds(tm, "topics"))
		t.P("batchsize: %s", kinds(at(tm, "batchsize"), "window"))
		t.P("batchcnt: %s", kinds(at(tm, "batchcnt"), "window"))
		ps, _ := at(tm, "partitions").(map[string]any)
		t.P("partitions: %v", slices.Sorted(maps.Keys(ps)))
		t.P("partition: %s", kinds(ps["0"], "partitions"))
		t.P("partition -1: %s", kinds(ps["-1"], "partitions"))
		tps, _ := b["toppars"].(map[string]any)
		for _, k := range slices.Sorted(maps.Keys(tps)) {
			t.P("toppar %s: %s", k, kinds(tps[k], ""))
		}
	})

	reg("statistics.producer_values", func(t *T) {
		topic := t.Topic("topic", 2)
		p := t.Producer("statistics.interval.ms", 200, "client.id", "mine", "queue.buffering.max.messages", 500, "queue.buffering.max.kbytes", 1000)
		first := t.producerStats("first", p, always)
		t.showAt("first", first, "client_id", "type", "msg_cnt", "msg_size", "msg_max", "msg_size_max", "simple_cnt", "txmsgs", "txmsg_bytes", "rxmsgs", "rxmsg_bytes")
		t.P("name begins with the client id %v", strings.HasPrefix(fmt.Sprint(first["name"]), "mine#producer-"))
		t.P("cgrp there %v eos there %v", first["cgrp"] != nil, first["eos"] != nil)
		ts, _ := first["ts"].(float64)
		now, _ := first["time"].(float64)
		age, _ := first["age"].(float64)
		t.P("ts is set %v, time in seconds of now %v, age in microseconds %v", ts > 0, time.Since(time.Unix(int64(now), 0)) < time.Minute, age > 100e3 && age < 60e6)
		for range 3 {
			t.SendBy(p, message(topic, 0, "key", "value"))
		}
		t.SendBy(p, message(topic, 1, "", "1234567890"))
		doc := t.producerStats("sent", p, func(d statsDoc) bool {
			n, _ := d["txmsgs"].(float64)
			return n == 4 && realBroker(d) != nil
		})
		t.showAt("sent", doc, "msg_cnt", "msg_size", "txmsgs", "rxmsgs", "rxmsg_bytes")
		b := realBroker(doc)
		t.showAt("broker", b, "state", "source", "txerrs", "rxerrs", "req_timeouts", "waitresp_cnt", "disconnects")
		t.showAt("requests", b["req"], "Produce", "Fetch", "EndTxn", "SaslHandshake", "JoinGroup")
		t.P("brokers %d", len(doc["brokers"].(map[string]any)))
		positive := func(k string) bool { n, _ := b[k].(float64); return n > 0 }
		t.P("tx %v rx %v txbytes %v rxbytes %v stateage %v", positive("tx"), positive("rx"), positive("txbytes"), positive("rxbytes"), positive("stateage"))
		for _, id := range []string{"0", "1"} {
			part := at(doc, "topics", topic, "partitions", id)
			t.showAt("partition "+id, part, "partition", "desired", "msgq_cnt", "xmit_msgq_cnt", "msgs_inflight", "fetchq_cnt", "fetchq_size", "fetch_state", "txmsgs", "rxmsgs", "rxbytes", "msgs",
				"query_offset", "next_offset", "app_offset", "stored_offset", "committed_offset", "commited_offset", "eof_offset", "lo_offset", "hi_offset", "ls_offset", "consumer_lag", "consumer_lag_stored", "leader_epoch", "stored_leader_epoch", "committed_leader_epoch")
			t.P("partition %s: led by the broker %v %v", id, at(part, "leader") == b["nodeid"], at(part, "broker") == b["nodeid"])
		}
		t.showAt("partition -1", at(doc, "topics", topic, "partitions", "-1"), "partition", "broker", "leader", "desired", "fetch_state", "txmsgs", "next_offset", "consumer_lag", "hi_offset")
	})

	reg("statistics.without_broker", func(t *T) {
		p := t.Producer("bootstrap.servers", nowhere, "log_level", 0, "statistics.interval.ms", 50)
		t.Must("produce", p.Produce(&kafka.Message{TopicPartition: tp("t", 0), Key: []byte("key"), Value: []byte("value")}, nil))
		t.Must("produce", p.Produce(&kafka.Message{TopicPartition: tp("t", kafka.PartitionAny), Value: []byte("12")}, nil))
		doc := t.producerStats("queued", p, func(d statsDoc) bool { n, _ := d["msg_cnt"].(float64); return n == 2 })
		t.showAt("queued", doc, "msg_cnt", "msg_size", "txmsgs", "tx", "rx", "metadata_cache_cnt")
		bs, _ := doc["brokers"].(map[string]any)
		for _, k := range slices.Sorted(maps.Keys(bs)) {
			t.P("%s", k)
			t.showAt("broker", bs[k], "name", "nodeid", "nodename", "source", "tx", "rx", "txidle", "rxidle")
			n, _ := at(bs[k], "connects").(float64)
			t.P("attempts count as connects: %v", n > 0)
			st := fmt.Sprint(at(bs[k], "state"))
			t.P("a state of one that is not up: %v", st == "INIT" || st == "TRY_CONNECT" || st == "CONNECT" || st == "DOWN")
		}
		t.P("topics %d", len(doc["topics"].(map[string]any)))
		c := t.Consumer("g", "bootstrap.servers", nowhere, "log_level", 0, "statistics.interval.ms", 50)
		cd := t.consumerStats("first", c, always)
		t.showAt("consumer", cd, "type", "msg_cnt", "msg_size", "msg_max", "msg_size_max", "simple_cnt", "rxmsgs")
		t.showAt("cgrp", cd["cgrp"], "state", "join_state", "rebalance_cnt", "rebalance_reason", "assignment_size")
	})

	reg("statistics.events", func(t *T) {
		p := t.Producer("bootstrap.servers", nowhere, "log_level", 0, "statistics.interval.ms", 100)
		var docs []statsDoc
		end := time.After(2 * time.Second)
		for {
			select {
			case ev := <-p.Events():
				if doc := parseStats(ev); doc != nil {
					docs = append(docs, doc)
				}
				continue
			case <-end:
			}
			break
		}
		t.P("10 to 25 in 2 s: %v", len(docs) >= 10 && len(docs) <= 25)
		grows := true
		for i := 1; i < len(docs); i++ {
			a, _ := docs[i-1]["ts"].(float64)
			b, _ := docs[i]["ts"].(float64)
			grows = grows && b > a
		}
		t.P("ts grows %v", grows)
		none := t.Producer("bootstrap.servers", nowhere, "log_level", 0)
		n := 0
		end = time.After(1200 * time.Millisecond)
		for {
			select {
			case ev := <-none.Events():
				if _, ok := ev.(*kafka.Stats); ok {
					n++
				}
				continue
			case <-end:
			}
			break
		}
		t.P("without the setting %d", n)
	})

	reg("statistics.consumer_kinds", func(t *T) {
		topic := t.Topic("topic", 1)
		t.Fill(topic, 0, 3, "v")
		c := t.Consumer(t.Name("group"), "statistics.interval.ms", 200, "auto.offset.reset", "earliest", "auto.commit.interval.ms", 100)
		t.Must("subscribe", c.Subscribe(topic, nil))
		Read(c, 3, 30*time.Second)
		doc := t.consumerStats("committed", c, func(d statsDoc) bool {
			n, _ := at(d, "topics", topic, "partitions", "0", "committed_offset").(float64)
			return n == 3 && realBroker(d) != nil
		})
		t.P("top: %s", kinds(doc, ""))
		t.P("cgrp: %s", kinds(doc["cgrp"], "cgrp"))
		t.P("topic: %s", kinds(at(doc, "topics", topic), "topics"))
		t.P("partition: %s", kinds(at(doc, "topics", topic, "partitions", "0"), "partitions"))
		t.P("broker: %s", kinds(realBroker(doc), "brokers"))
	})

	reg("statistics.consumer_values", func(t *T) {
		topic := t.Topic("topic", 1)
		t.Fill(topic, 0, 5, "value")
		c := t.Consumer(t.Name("group"), "statistics.interval.ms", 200, "auto.offset.reset", "earliest", "enable.auto.commit", false, "enable.partition.eof", true)
		idle := t.consumerStats("idle", c, func(d statsDoc) bool { return at(d, "cgrp", "state") == "up" })
		t.showAt("idle", idle["cgrp"], "state", "join_state", "rebalance_cnt", "rebalance_reason", "assignment_size")
		t.Must("subscribe", c.Subscribe(topic, nil))
		t.P("%s", values(t.ReadToEOF(c, 1, 30*time.Second)))
		part := func(d statsDoc) any { return at(d, "topics", topic, "partitions", "0") }
		show := func(label string, d statsDoc) {
			t.showAt(label, part(d), "partition", "desired", "fetchq_cnt", "fetchq_size", "fetch_state", "query_offset", "next_offset", "app_offset", "stored_offset", "stored_leader_epoch", "commited_offset", "committed_offset",
				"committed_leader_epoch", "eof_offset", "lo_offset", "hi_offset", "ls_offset", "consumer_lag", "consumer_lag_stored", "leader_epoch", "txmsgs", "rxmsgs", "msgs", "msgs_inflight", "msgq_cnt", "xmit_msgq_cnt")
		}
		d := t.consumerStats("read", c, func(d statsDoc) bool { return at(part(d), "eof_offset") == 5.0 })
		show("read", d)
		t.showAt("read", d, "rxmsgs", "rxmsg_bytes", "txmsgs", "txmsg_bytes", "msg_cnt")
		b := realBroker(d)
		t.showAt("requests", b["req"], "Produce", "LeaveGroup", "EndTxn", "SaslHandshake")
		t.showAt("read", d["cgrp"], "state", "join_state", "assignment_size")
		_, err := c.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, 2)})
		t.Must("commit", err)
		d = t.consumerStats("committed", c, func(d statsDoc) bool { return at(part(d), "committed_offset") == 2.0 })
		show("committed 2", d)
		cs, err := c.Commit()
		t.P("%s %s", tpsf(cs), ef(err))
		d = t.consumerStats("committed", c, func(d statsDoc) bool { return at(part(d), "committed_offset") == 5.0 })
		show("committed 5", d)
		t.Fill(topic, 0, 2, "more")
		Read(c, 1, 10*time.Second)
		d = t.consumerStats("more", c, func(d statsDoc) bool { return at(part(d), "hi_offset") == 7.0 && at(part(d), "consumer_lag") == 2.0 })
		t.showAt("more", part(d), "app_offset", "hi_offset", "committed_offset", "consumer_lag")
		t.Must("pause", c.Pause([]kafka.TopicPartition{tp(topic, 0)}))
		t.Must("unsubscribe", c.Unsubscribe())
		d = t.consumerStats("left", c, func(d statsDoc) bool { return at(d, "cgrp", "assignment_size") == 0.0 })
		t.showAt("left", d["cgrp"], "assignment_size")
	})

	reg("statistics.consumer_assigned", func(t *T) {
		topic := t.Topic("topic", 2)
		t.Fill(topic, 0, 3, "v")
		c := t.Consumer(t.Name("group"), "statistics.interval.ms", 200, "enable.auto.offset.store", false, "enable.auto.commit", false, "enable.partition.eof", true)
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 1)}))
		t.P("%s", values(t.ReadToEOF(c, 1, 30*time.Second)))
		part := func(d statsDoc) any { return at(d, "topics", topic, "partitions", "0") }
		d := t.consumerStats("read", c, func(d statsDoc) bool { return at(part(d), "eof_offset") == 3.0 })
		t.showAt("read", part(d), "app_offset", "next_offset", "stored_offset", "committed_offset", "consumer_lag", "consumer_lag_stored", "fetch_state", "desired", "query_offset", "rxmsgs", "rxbytes")
		t.showAt("cgrp", d["cgrp"], "state", "join_state", "assignment_size", "rebalance_cnt")
		_, err := c.StoreOffsets([]kafka.TopicPartition{tpo(topic, 0, 2)})
		t.Must("store", err)
		d = t.consumerStats("stored", c, func(d statsDoc) bool { return at(part(d), "stored_offset") == 2.0 })
		t.showAt("stored", part(d), "stored_offset", "committed_offset", "consumer_lag", "consumer_lag_stored", "stored_leader_epoch")
		t.Must("unassign", c.Unassign())
		d = t.consumerStats("unassigned", c, func(d statsDoc) bool { return at(d, "cgrp", "assignment_size") == 0.0 })
		t.showAt("unassigned", part(d), "desired", "fetch_state", "app_offset", "stored_offset", "next_offset", "query_offset", "committed_offset", "eof_offset", "lo_offset", "hi_offset", "ls_offset", "consumer_lag", "consumer_lag_stored", "leader_epoch", "stored_leader_epoch", "rxmsgs", "msgs")
	})

	reg("statistics.end_without_events", func(t *T) {
		topic := t.Topic("topic", 2)
		t.Fill(topic, 0, 3, "v")
		c := t.Consumer(t.Name("group"), "statistics.interval.ms", 200, "auto.offset.reset", "earliest", "enable.auto.commit", false)
		t.Must("subscribe", c.Subscribe(topic, nil))
		Read(c, 3, 30*time.Second)
		part := func(d statsDoc) any { return at(d, "topics", topic, "partitions", "0") }
		d := t.consumerStats("read", c, func(d statsDoc) bool { return at(part(d), "eof_offset") == 3.0 })
		t.showAt("read", part(d), "eof_offset", "app_offset", "query_offset", "consumer_lag", "consumer_lag_stored")
		t.showAt("cgrp", d["cgrp"], "assignment_size")
	})

	reg("statistics.group_states", func(t *T) {
		topic := t.Topic("topic", 1)
		c := t.Consumer(t.Name("group"), "statistics.interval.ms", 100)
		seen := map[string]bool{}
		t.Must("subscribe", c.Subscribe(topic, nil))
		t.consumerStats("steady", c, func(d statsDoc) bool {
			seen[fmt.Sprintf("%v/%v", at(d, "cgrp", "state"), at(d, "cgrp", "join_state"))] = true
			return at(d, "cgrp", "join_state") == "steady"
		})
		t.P("up/steady %v", seen["up/steady"])
		d := t.consumerStats("again", c, always)
		age, _ := at(d, "cgrp", "rebalance_age").(float64)
		state, _ := at(d, "cgrp", "stateage").(float64)
		t.P("rebalances %v, its age in ms %v, the state's %v", at(d, "cgrp", "rebalance_cnt"), age >= 0 && age < 60000, state > 0 && state < 60000)
	})

	reg("statistics.idempotent", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.Producer("statistics.interval.ms", 200, "enable.idempotence", true)
		t.SendBy(p, message(topic, 0, "k", "v"))
		d := t.producerStats("assigned", p, func(d statsDoc) bool {
			return at(d, "eos", "idemp_state") == "Assigned" && d["txmsgs"] == 1.0
		})
		t.P("%s", kinds(d["eos"], "eos"))
		t.showAt("eos", d["eos"], "idemp_state", "txn_state", "txn_may_enq", "producer_epoch", "epoch_cnt")
		id, _ := at(d, "eos", "producer_id").(float64)
		t.P("an id %v", id >= 0)
	})

	reg("statistics.transaction_states", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.Producer("statistics.interval.ms", 100, "transactional.id", t.Name("tx"))
		ctx, cancel := ctxSec(40)
		defer cancel()
		at0 := t.producerStats("first", p, always)
		t.showAt("first", at0["eos"], "idemp_state", "txn_state", "txn_may_enq", "producer_id", "producer_epoch", "epoch_cnt")
		state := func(want string) {
			d := t.producerStats(want, p, func(d statsDoc) bool { return at(d, "eos", "txn_state") == want })
			t.showAt(want, d["eos"], "idemp_state", "txn_state", "txn_may_enq", "producer_epoch", "epoch_cnt")
		}
		t.Must("init", p.InitTransactions(ctx))
		state("Ready")
		t.Must("begin", p.BeginTransaction())
		state("InTransaction")
		t.SendBy(p, message(topic, 0, "k", "v"))
		t.Must("commit", p.CommitTransaction(ctx))
		state("Ready")
		t.Must("begin", p.BeginTransaction())
		t.Must("abort", p.AbortTransaction(ctx))
		state("Ready")
	})

	reg("statistics.admin", func(t *T) {
		a := t.Admin("statistics.interval.ms", 100)
		ctx, cancel := ctxSec(10)
		defer cancel()
		_, err := a.DescribeCluster(ctx)
		t.ErrT("works", err)
	})

	reg("statistics.events_channel", func(t *T) {
		c := t.Consumer("g", "bootstrap.servers", nowhere, "log_level", 0, "statistics.interval.ms", 100, "go.events.channel.enable", true)
		end := time.After(5 * time.Second)
		for {
			select {
			case ev := <-c.Events():
				if doc := parseStats(ev); doc != nil {
					t.P("%v", doc["type"])
					return
				}
			case <-end:
				t.P("none")
				return
			}
		}
	})
}
