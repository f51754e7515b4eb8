package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// tryValues makes a producer, or a consumer, with each of the values of a setting.
func (t *T) tryValues(consumer bool, key string, vs ...any) {
	for _, v := range vs {
		label := fmt.Sprintf("%s=%T(%v)", key, v, v)
		if consumer {
			t.tryConsumer(label, offlineC(key, v))
		} else {
			t.tryNew(label, offline(key, v))
		}
	}
}

func init() {
	reg("values.numbers", func(t *T) {
		t.tryValues(false, "linger.ms", 0, 5, "5", "5.5", "0x10", "010", "-1", -1, "900001", "abc", "", " 7", "7 ", "7abc", "1e3", "5ms", 2.5, int64(5), uint(5))
		t.tryValues(false, "batch.num.messages", 0, 1, 1000000, 1000001, "1", "-5")
		t.tryValues(false, "message.max.bytes", 999, 1000, 1000000000, 1000000001)
		t.tryValues(false, "queue.buffering.max.messages", -1, 0, 1, 2147483647)
		t.tryValues(true, "session.timeout.ms", 0, 1, 3600000, 3600001, "45000")
		t.tryValues(true, "fetch.min.bytes", 0, 1, 100000000, 100000001)
		t.tryValues(true, "auto.commit.interval.ms", -1, 0, 86400000, 86400001)
	})
	reg("values.bools", func(t *T) {
		t.tryValues(false, "enable.idempotence", true, false, "true", "TRUE", "True", "t", "T", "1", "0", "f", "yes", "on", "", 1, 0, 2, "tru")
		t.tryValues(true, "enable.partition.eof", "false", "F", "no", 5)
	})
	reg("values.enums", func(t *T) {
		t.tryValues(false, "compression.type", "gzip", "GZIP", "none", "lz4", "zstd", "snappy", "inherit", "bzip", "", 1, 2, true)
		t.tryValues(false, "security.protocol", "plaintext", "PLAINTEXT", "Plaintext", "tls", "", 0)
		t.tryValues(false, "broker.address.family", "any", "v4", "V6", "v5")
		t.tryValues(false, "acks", "all", "ALL", -1, 0, 1, 2, 1000, 1001, -2, "leader", "")
		t.tryValues(false, "queuing.strategy", "fifo", "lifo", "x")
		t.tryValues(true, "auto.offset.reset", "smallest", "earliest", "beginning", "largest", "latest", "end", "error", "Earliest", "none", "", 0)
		t.tryValues(true, "isolation.level", "read_committed", "READ_UNCOMMITTED", "committed", 1)
		t.tryValues(true, "group.protocol", "classic", "CONSUMER", "x")
		t.tryValues(false, "client.dns.lookup", "use_all_dns_ips", "resolve_canonical_bootstrap_servers_only", "default")
	})
	reg("values.flags", func(t *T) {
		t.tryValues(false, "debug", "all", "broker", "broker,topic", "broker, topic", "ALL", "nothing", "broker,nothing", "", "-broker", ",")
		t.tryValues(true, "debug", "cgrp,fetch", "x")
	})
	reg("values.texts", func(t *T) {
		t.tryValues(false, "client.id", "a", "", " ", "ä", 5, true, strings.Repeat("x", 300))
		t.tryValues(false, "partitioner", "random", "consistent", "murmur2_random", "fnv1a", "x", "", "RANDOM")
		t.tryValues(true, "partition.assignment.strategy", "range", "roundrobin", "cooperative-sticky", "range,roundrobin", "range,cooperative-sticky", "sticky", "Range")
		t.tryValues(true, "group.instance.id", "a", "")
		t.tryValues(false, "bootstrap.servers", "127.0.0.1:1", "127.0.0.1:1,127.0.0.1:2", "PLAINTEXT://127.0.0.1:1")
	})
	reg("values.doubles", func(t *T) {
		t.tryValues(true, "retry.backoff.max.ms", 1, 300000, 300001, 0)
		t.tryValues(false, "statistics.interval.ms", 0, -1, 86400000, 86400001)
		t.tryValues(false, "message.timeout.ms", 0, -1, 2147483647)
		t.tryValues(false, "retries", 0, 2147483647, -1)
		t.tryValues(false, "socket.timeout.ms", 9, 10, 300000, 300001)
		t.tryValues(false, "sticky.partitioning.linger.ms", 0, 900000, 900001)
	})
	reg("values.aliases", func(t *T) {
		for _, kv := range two("metadata.broker.list", nowhere, "bootstrap.servers", nowhere, "request.required.acks", "7000", "max.in.flight", 0, "compression.codec", "x",
			"message.send.max.retries", -1, "queue.buffering.max.ms", -1, "delivery.timeout.ms", -1, "topic.compression.codec", "x", "topic.acks", "x", "topic.linger.ms", "1",
			"", 1, "go.x", 1, "auto.offset.reset", "x", "group.id", "g", "enable.auto.commit", "x") {
			t.tryNew(pairs(kv), offline(kv...))
		}
	})
	reg("values.checks", func(t *T) {
		for _, kv := range [][]any{
			{"enable.idempotence", true, "acks", 1}, {"enable.idempotence", true, "acks", "all"}, {"enable.idempotence", true, "max.in.flight", 6}, {"enable.idempotence", true, "retries", 0},
			{"enable.idempotence", true, "queuing.strategy", "lifo"}, {"enable.gapless.guarantee", true}, {"enable.gapless.guarantee", true, "enable.idempotence", true},
			{"transactional.id", "t", "enable.idempotence", false}, {"transactional.id", "t", "transaction.timeout.ms", 999}, {"transactional.id", "t", "transaction.timeout.ms", 1000},
			{"message.timeout.ms", 5, "linger.ms", 10}, {"message.timeout.ms", 1000, "transactional.id", "t", "transaction.timeout.ms", 500000},
			{"linger.ms", 5000, "message.timeout.ms", 5000}, {"retry.backoff.ms", 2000, "retry.backoff.max.ms", 1000}, {"reconnect.backoff.ms", 100000, "reconnect.backoff.max.ms", 10},
			{"queue.buffering.max.kbytes", 1, "message.max.bytes", 10000}, {"batch.size", 1000001, "message.max.bytes", 1000}, {"socket.timeout.ms", 10, "transaction.timeout.ms", 5000},
		} {
			t.tryNew(pairs(kv), offline(kv...))
		}
		for _, kv := range [][]any{
			{"session.timeout.ms", 10000, "max.poll.interval.ms", 9999}, {"session.timeout.ms", 10000, "heartbeat.interval.ms", 10000}, {"session.timeout.ms", 10000, "heartbeat.interval.ms", 20000},
			{"fetch.max.bytes", 1000, "message.max.bytes", 2000}, {"receive.message.max.bytes", 1000, "fetch.max.bytes", 1000}, {"fetch.message.max.bytes", 1000000000}, {"queued.max.messages.kbytes", 1},
			{"group.protocol", "consumer", "session.timeout.ms", 6000}, {"group.protocol", "consumer", "heartbeat.interval.ms", 3000}, {"group.protocol", "consumer", "partition.assignment.strategy", "range"},
			{"group.protocol", "classic", "group.remote.assignor", "uniform"}, {"fetch.wait.max.ms", 70000, "socket.timeout.ms", 60000}, {"enable.auto.commit", false, "auto.commit.interval.ms", 0},
		} {
			t.tryConsumer(pairs(kv), offlineC(kv...))
		}
	})
	reg("values.admin", func(t *T) {
		for _, kv := range two("group.id", "g", "linger.ms", 1, "acks", 1, "nothing", 1, "go.batch.producer", true, "go.events.channel.enable", true, "go.logs.channel.enable", true, "enable.partition.eof", true, "client.id", "me") {
			t.tryAdmin(pairs(kv), offline(kv...))
		}
	})
	reg("values.go_keys", func(t *T) {
		t.tryValues(false, "go.batch.producer", true, "true", "x")
		t.tryValues(false, "go.delivery.reports", false, "false")
		t.tryValues(false, "go.produce.channel.size", 0, 5, "5")
		t.tryValues(false, "go.events.channel.size", 0, 5, "5")
		t.tryValues(false, "go.logs.channel.enable", true, false)
		t.tryValues(false, "go.application.rebalance.enable", true)
		t.tryValues(true, "go.events.channel.enable", false)
		t.tryValues(true, "go.events.channel.size", 10, 0)
		t.tryValues(true, "go.batch.producer", true)
		t.tryValues(true, "go.delivery.reports", true)
	})
	reg("values.maps", func(t *T) {
		m := kafka.ConfigMap{}
		for _, kv := range []string{"a=b", "a=b=c", "=b", "a=", "a", "", " a = b ", "{topic}.x=1", "{topic}.=1"} {
			t.ErrT("set "+kv, m.Set(kv))
		}
		t.P("%s", showMap(m))
		t.ErrT("key", m.SetKey("k", time.Second))
		t.ErrT("key of the topic", m.SetKey("{topic}.acks", 1))
		for _, k := range []string{"k", "a", "{topic}.acks", "{topic}.x", "{topic}.no", "no"} {
			for _, d := range []kafka.ConfigValue{nil, "d", 1, true} {
				v, err := m.Get(k, d)
				t.P("get %s %v: %v", k, d, v)
				t.ErrT("get", err)
			}
		}
	})
}
