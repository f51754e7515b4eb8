package parity

import "strings"

// ruleCases are configurations of several properties that must fit together.
func ruleCases() (cases []configCase) {
	add := func(kind string, lines string) {
		for line := range strings.Lines(lines) {
			line = strings.TrimSpace(line)
			if line == "" {
				continue
			}
			c := configCase{kind: kind}
			for _, kv := range strings.Split(line, " | ") {
				k, v, _ := strings.Cut(kv, "=")
				c.settings = append(c.settings, setting{k, v})
			}
			cases = append(cases, c)
		}
	}
	add("producer", producerRules)
	add("consumer", consumerRules)
	for _, kind := range kinds {
		add(kind, sharedRules)
		add(kind, securityRules)
	}
	return cases
}

const producerRules = `
	enable.idempotence=true
	enable.idempotence=true | acks=all
	enable.idempotence=true | acks=-1
	enable.idempotence=true | acks=1
	enable.idempotence=true | acks=0
	enable.idempotence=true | acks=2
	enable.idempotence=true | request.required.acks=1
	enable.idempotence=true | topic.acks=1
	enable.idempotence=true | max.in.flight=1
	enable.idempotence=true | max.in.flight=5
	enable.idempotence=true | max.in.flight=6
	enable.idempotence=true | max.in.flight.requests.per.connection=6
	enable.idempotence=true | max.in.flight.requests.per.connection=1000000
	enable.idempotence=true | retries=0
	enable.idempotence=true | retries=1
	enable.idempotence=true | message.send.max.retries=0
	enable.idempotence=true | queuing.strategy=fifo
	enable.idempotence=true | queuing.strategy=lifo
	enable.idempotence=false | acks=0 | retries=0
	enable.idempotence=true | enable.gapless.guarantee=true
	enable.gapless.guarantee=true
	enable.gapless.guarantee=true | enable.idempotence=false
	enable.idempotence=true | message.timeout.ms=1
	enable.idempotence=true | message.timeout.ms=0
	enable.idempotence=true | acks=1 | max.in.flight=6 | retries=0
	enable.idempotence=true | max.in.flight=6 | retries=0
	transactional.id=t
	transactional.id=
	transactional.id=t | enable.idempotence=true
	transactional.id=t | enable.idempotence=false
	transactional.id= | enable.idempotence=false
	transactional.id=t | acks=1
	transactional.id=t | acks=all
	transactional.id=t | max.in.flight=6
	transactional.id=t | retries=0
	transactional.id=t | transaction.timeout.ms=1000
	transactional.id=t | transaction.timeout.ms=999
	transactional.id=t | transaction.timeout.ms=1000 | message.timeout.ms=1000
	transactional.id=t | transaction.timeout.ms=1000 | message.timeout.ms=1001
	transactional.id=t | transaction.timeout.ms=1000 | message.timeout.ms=999
	transactional.id=t | transaction.timeout.ms=1000 | message.timeout.ms=0
	transactional.id=t | message.timeout.ms=60000
	transactional.id=t | message.timeout.ms=60001
	transactional.id=t | delivery.timeout.ms=70000
	transactional.id=t | message.timeout.ms=5
	transactional.id=t | transaction.timeout.ms=5000 | socket.timeout.ms=4900
	transactional.id=t | transaction.timeout.ms=5000 | socket.timeout.ms=4901
	transactional.id=t | transaction.timeout.ms=5000 | socket.timeout.ms=5000
	transactional.id=t | transaction.timeout.ms=5000 | socket.timeout.ms=300000
	transactional.id=t | transaction.timeout.ms=5000 | linger.ms=5000
	transactional.id=t | transaction.timeout.ms=5000 | linger.ms=6000
	transactional.id=t | queuing.strategy=lifo
	transactional.id=t | linger.ms=60000
	transactional.id=t | linger.ms=300000
	transactional.id=t | enable.gapless.guarantee=true
	linger.ms=5000 | message.timeout.ms=5000
	linger.ms=5000 | message.timeout.ms=5001
	linger.ms=5000 | message.timeout.ms=4999
	linger.ms=5000.5 | message.timeout.ms=5000
	linger.ms=4999.9 | message.timeout.ms=5000
	linger.ms=0 | message.timeout.ms=1
	linger.ms=1 | message.timeout.ms=1
	linger.ms=1 | message.timeout.ms=0
	linger.ms=900000
	linger.ms=300000
	linger.ms=299999
	linger.ms=400000
	queue.buffering.max.ms=5000 | delivery.timeout.ms=5000
	queue.buffering.max.ms=5000 | topic.message.timeout.ms=5000
	queue.buffering.max.ms=5 | linger.ms=7
	message.timeout.ms=1
	message.timeout.ms=5
	message.timeout.ms=6
	message.timeout.ms=0
	request.timeout.ms=400000 | message.timeout.ms=5000
	request.timeout.ms=5001 | message.timeout.ms=5000
	acks=0 | retries=5
	acks=1000
	acks=1001
	acks=-2
	compression.type=none | compression.level=12
	compression.type=gzip | compression.level=12
	compression.type=gzip | compression.level=9
	compression.type=zstd | compression.level=13
	compression.codec=lz4 | compression.type=zstd
	compression.codec=inherit
	topic.compression.codec=inherit
	topic.compression.type=zstd
	batch.size=1000 | message.max.bytes=2000
	batch.size=2147483647 | message.max.bytes=1000
	batch.num.messages=1 | queue.buffering.max.messages=1
	queue.buffering.max.messages=0
	queue.buffering.max.kbytes=1 | message.max.bytes=1000000
	queue.buffering.max.messages=5 | batch.num.messages=10
	sticky.partitioning.linger.ms=100 | linger.ms=50
	sticky.partitioning.linger.ms=900000
	sticky.partitioning.linger.ms=900001
	delivery.report.only.error=true
	delivery.report.only.error=false
	produce.offset.report=true
	partitioner=murmur2 | sticky.partitioning.linger.ms=5
	group.id=g | session.timeout.ms=6000
	session.timeout.ms=6000 | heartbeat.interval.ms=7000
	session.timeout.ms=6000 | max.poll.interval.ms=5000
	group.protocol=consumer | session.timeout.ms=6000
	fetch.max.bytes=1 | message.max.bytes=1000000
	max.poll.interval.ms=1
`

const consumerRules = `
	max.poll.interval.ms=45000
	max.poll.interval.ms=44999
	max.poll.interval.ms=1
	session.timeout.ms=300000
	session.timeout.ms=300001
	session.timeout.ms=3600000
	session.timeout.ms=10 | max.poll.interval.ms=10
	session.timeout.ms=6000 | max.poll.interval.ms=5999
	session.timeout.ms=6000 | max.poll.interval.ms=6000
	session.timeout.ms=6000 | heartbeat.interval.ms=6000
	session.timeout.ms=6000 | heartbeat.interval.ms=7000
	session.timeout.ms=1 | heartbeat.interval.ms=3600000
	heartbeat.interval.ms=3600000
	fetch.max.bytes=1000000
	fetch.max.bytes=999999
	fetch.max.bytes=0
	fetch.max.bytes=1
	fetch.max.bytes=2147483135
	fetch.max.bytes=1000 | message.max.bytes=1000
	fetch.max.bytes=1000 | message.max.bytes=1001
	fetch.max.bytes=52428800 | receive.message.max.bytes=52428800
	fetch.max.bytes=52428800 | receive.message.max.bytes=52429312
	fetch.max.bytes=52428800 | receive.message.max.bytes=52429311
	fetch.max.bytes=1000000 | receive.message.max.bytes=1000000
	fetch.max.bytes=1000000 | receive.message.max.bytes=1000512
	fetch.max.bytes=1000000 | receive.message.max.bytes=1000511
	receive.message.max.bytes=1000
	receive.message.max.bytes=1000000
	receive.message.max.bytes=1000000 | fetch.max.bytes=2000000
	message.max.bytes=60000000
	message.max.bytes=1000000000
	message.max.bytes=60000000 | fetch.max.bytes=50000000
	message.max.bytes=200000000 | receive.message.max.bytes=100000000
	fetch.message.max.bytes=1000000000
	fetch.message.max.bytes=1000000000 | fetch.max.bytes=1000000
	max.partition.fetch.bytes=1
	queued.max.messages.kbytes=1 | fetch.message.max.bytes=1048576
	queued.max.messages.kbytes=2097151
	queued.max.messages.kbytes=2097152
	queued.min.messages=1 | queued.max.messages.kbytes=1
	fetch.wait.max.ms=1000 | socket.timeout.ms=1000
	fetch.wait.max.ms=1000 | socket.timeout.ms=2000
	fetch.wait.max.ms=1000 | socket.timeout.ms=1999
	fetch.wait.max.ms=300000 | socket.timeout.ms=60000
	fetch.wait.max.ms=300000
	fetch.wait.max.ms=60000
	fetch.wait.max.ms=59000
	fetch.wait.max.ms=59001
	fetch.wait.max.ms=500 | socket.timeout.ms=10
	fetch.wait.max.ms=0 | socket.timeout.ms=1000
	fetch.min.bytes=2147483647 | fetch.max.bytes=1000000
	enable.auto.commit=true | auto.commit.interval.ms=0
	enable.auto.commit=false | auto.commit.interval.ms=0
	enable.auto.commit=false | enable.auto.offset.store=true
	auto.commit.interval.ms=5
	topic.auto.commit.interval.ms=5
	topic.auto.commit.interval.ms=10
	auto.commit.enable=false
	topic.auto.commit.enable=false
	topic.enable.auto.commit=true
	offset.store.method=file
	offset.store.method=none
	offset.store.method=broker
	offset.store.method=file | offset.store.path=nowhere
	topic.offset.store.method=none
	topic.offset.store.method=file
	topic.offset.store.method=broker
	partition.assignment.strategy=range,cooperative-sticky
	partition.assignment.strategy=cooperative-sticky,range
	partition.assignment.strategy=cooperative-sticky | group.instance.id=i
	partition.assignment.strategy=range | group.protocol=consumer
	partition.assignment.strategy=range,roundrobin | group.protocol=consumer
	partition.assignment.strategy=cooperative-sticky | group.protocol=consumer
	group.protocol=consumer
	group.protocol=CONSUMER
	group.protocol=classic
	group.protocol=consumer | session.timeout.ms=45000
	group.protocol=consumer | session.timeout.ms=6000
	group.protocol=consumer | heartbeat.interval.ms=3000
	group.protocol=consumer | heartbeat.interval.ms=1000
	group.protocol=consumer | group.protocol.type=consumer
	group.protocol=consumer | group.protocol.type=x
	group.protocol=consumer | group.remote.assignor=uniform
	group.protocol=consumer | group.remote.assignor=range
	group.protocol=consumer | group.remote.assignor=nonesuch
	group.protocol=consumer | group.remote.assignor=
	group.protocol=consumer | max.poll.interval.ms=1
	group.protocol=consumer | max.poll.interval.ms=44999
	group.protocol=consumer | group.instance.id=i
	group.protocol=consumer | session.timeout.ms=6000 | heartbeat.interval.ms=1000 | partition.assignment.strategy=range
	group.protocol=classic | group.remote.assignor=uniform
	group.remote.assignor=uniform
	group.remote.assignor=nonesuch
	group.protocol.type=nonesuch
	group.instance.id=
	group.instance.id=i
	group.instance.id=.
	isolation.level=read_committed | enable.partition.eof=true
	auto.offset.reset=error
	topic.auto.offset.reset=error
	transactional.id=t
	transactional.id=t | enable.idempotence=false
	enable.idempotence=true | acks=1
	enable.idempotence=true | max.in.flight=6
	acks=0
	linger.ms=5000 | message.timeout.ms=5000
	client.rack=
	check.crcs=true
	consume.callback.max.messages=5
	max.poll.records=1
	share.acknowledgement.mode=explicit
`

const sharedRules = `
	reconnect.backoff.ms=500 | reconnect.backoff.max.ms=100
	reconnect.backoff.ms=100 | reconnect.backoff.max.ms=100
	reconnect.backoff.ms=3600000
	reconnect.backoff.max.ms=0
	reconnect.backoff.jitter.ms=500 | reconnect.backoff.max.ms=100
	retry.backoff.ms=500 | retry.backoff.max.ms=100
	retry.backoff.ms=300000
	retry.backoff.max.ms=1
	topic.metadata.refresh.interval.ms=-1 | metadata.max.age.ms=1
	topic.metadata.refresh.interval.ms=3600000
	topic.metadata.refresh.interval.ms=1
	topic.metadata.refresh.fast.interval.ms=60000
	socket.timeout.ms=10
	socket.timeout.ms=9
	socket.timeout.ms=100 | request.timeout.ms=30000
	socket.connection.setup.timeout.ms=1000 | socket.timeout.ms=10
	message.max.bytes=1000000000 | receive.message.max.bytes=1000
	message.copy.max.bytes=1000000000 | message.max.bytes=1000
	api.version.request=false
	api.version.request=false | broker.version.fallback=0.9.0
	api.version.request=false | broker.version.fallback=0.8.0 | api.version.fallback.ms=0
	api.version.request=false | enable.idempotence=true
	broker.version.fallback=4.1.0
	statistics.interval.ms=1 | stats_cb=x
	log_level=7 | debug=
	log.queue=true
	log.queue=true | go.logs.channel.enable=x
	enabled_events=255
	metadata.broker.list=127.0.0.1:1
	metadata.broker.list=127.0.0.1:1 | bootstrap.servers=127.0.0.1:2
	client.id=
	client.id=| client.rack=
	client.dns.lookup=resolve_canonical_bootstrap_servers_only | security.protocol=plaintext
	client.dns.lookup=resolve_canonical_bootstrap_servers_only | security.protocol=ssl
	client.dns.lookup=resolve_canonical_bootstrap_servers_only | security.protocol=sasl_plaintext | sasl.mechanisms=PLAIN | sasl.username=u | sasl.password=p
	builtin.features=gzip
	builtin.features=snappy,ssl
	builtin.features=sasl_gssapi
	builtin.features=plugins
	builtin.features=lz4,zstd,nonesuch
	internal.termination.signal=29
	allow.auto.create.topics=true
	broker.address.family=v6 | broker.address.ttl=0
	enable.sparse.connections=false
	enable.metrics.push=true
	enable.random.seed=false
	topic.blacklist=^x,y
	topic.blacklist=^(
	max.in.flight=1
	connections.max.idle.ms=1 | socket.timeout.ms=60000
	connections.max.idle.ms=100
	metadata.recovery.strategy=none | metadata.recovery.rebootstrap.trigger.ms=0
	test.mock.num.brokers=0
	plugin.library.paths=
`

const securityRules = `
	security.protocol=sasl_plaintext
	security.protocol=sasl_ssl
	security.protocol=SASL_PLAINTEXT | sasl.mechanisms=PLAIN
	security.protocol=sasl_plaintext | sasl.mechanisms=PLAIN
	security.protocol=sasl_plaintext | sasl.mechanisms=PLAIN | sasl.username=u
	security.protocol=sasl_plaintext | sasl.mechanisms=PLAIN | sasl.password=p
	security.protocol=sasl_plaintext | sasl.mechanisms=PLAIN | sasl.username= | sasl.password=
	security.protocol=sasl_plaintext | sasl.mechanisms=PLAIN | sasl.username=u | sasl.password=
	security.protocol=sasl_plaintext | sasl.mechanisms=PLAIN | sasl.username=u | sasl.password=p
	security.protocol=sasl_plaintext | sasl.mechanisms=plain | sasl.username=u | sasl.password=p
	security.protocol=sasl_plaintext | sasl.mechanism=PLAIN | sasl.username=u | sasl.password=p
	security.protocol=sasl_plaintext | sasl.mechanisms=PLAIN,GSSAPI | sasl.username=u | sasl.password=p
	security.protocol=sasl_plaintext | sasl.mechanisms=PLAIN;GSSAPI | sasl.username=u | sasl.password=p
	security.protocol=sasl_plaintext | sasl.mechanisms=SCRAM-SHA-256
	security.protocol=sasl_plaintext | sasl.mechanisms=SCRAM-SHA-256 | sasl.username=u
	security.protocol=sasl_plaintext | sasl.mechanisms=SCRAM-SHA-256 | sasl.username=u | sasl.password=p
	security.protocol=sasl_plaintext | sasl.mechanisms=SCRAM-SHA-512 | sasl.username=u | sasl.password=p
	security.protocol=sasl_plaintext | sasl.mechanisms=scram-sha-512 | sasl.username=u | sasl.password=p
	security.protocol=sasl_plaintext | sasl.mechanisms=SCRAM-SHA-1 | sasl.username=u | sasl.password=p
	security.protocol=sasl_plaintext | sasl.mechanisms=SCRAM | sasl.username=u | sasl.password=p
	security.protocol=sasl_plaintext | sasl.mechanisms=GSSAPI
	security.protocol=sasl_plaintext | sasl.mechanisms=GSSAPI | sasl.kerberos.service.name=
	security.protocol=sasl_plaintext | sasl.mechanisms=NTLM
	security.protocol=sasl_plaintext | sasl.mechanisms=EXTERNAL
	security.protocol=sasl_plaintext | sasl.mechanisms=OAUTHBEARER
	security.protocol=sasl_plaintext | sasl.mechanisms=oauthbearer
	security.protocol=sasl_plaintext | sasl.mechanisms=OAUTHBEARER | sasl.oauthbearer.config=principal=x
	security.protocol=sasl_plaintext | sasl.mechanisms=OAUTHBEARER | enable.sasl.oauthbearer.unsecure.jwt=true
	security.protocol=sasl_plaintext | sasl.mechanisms=OAUTHBEARER | enable.sasl.oauthbearer.unsecure.jwt=true | sasl.oauthbearer.config=principal=x
	security.protocol=sasl_plaintext | sasl.mechanisms=OAUTHBEARER | sasl.oauthbearer.method=default
	security.protocol=sasl_plaintext | sasl.mechanisms=OAUTHBEARER | sasl.oauthbearer.method=oidc
	security.protocol=sasl_plaintext | sasl.mechanisms=OAUTHBEARER | sasl.oauthbearer.method=oidc | enable.sasl.oauthbearer.unsecure.jwt=true
	security.protocol=sasl_plaintext | sasl.mechanisms=OAUTHBEARER | sasl.oauthbearer.method=oidc | sasl.oauthbearer.client.id=x
	security.protocol=sasl_plaintext | sasl.mechanisms=OAUTHBEARER | sasl.oauthbearer.method=oidc | sasl.oauthbearer.client.id=x | sasl.oauthbearer.client.secret=y
	security.protocol=sasl_plaintext | sasl.mechanisms=OAUTHBEARER | sasl.oauthbearer.method=oidc | sasl.oauthbearer.client.secret=y
	security.protocol=sasl_plaintext | sasl.mechanisms=OAUTHBEARER | sasl.oauthbearer.method=oidc | sasl.oauthbearer.token.endpoint.url=http://127.0.0.1:1/
	sasl.oauthbearer.method=oidc
	sasl.oauthbearer.grant.type=urn:ietf:params:oauth:grant-type:jwt-bearer
	sasl.oauthbearer.metadata.authentication.type=azure_imds
	sasl.mechanisms=PLAIN
	sasl.mechanisms=PLAIN | sasl.username=u | sasl.password=p
	sasl.mechanisms=NTLM | security.protocol=plaintext
	sasl.mechanisms=NTLM | security.protocol=ssl
	sasl.username=u
	sasl.jaas.config=x
	ssl.keystore.location=nowhere.p12
	ssl.truststore.location=nowhere.p12
	security.protocol=ssl
	security.protocol=SSL
	security.protocol=ssl | ssl.ca.location=nowhere.pem
	security.protocol=ssl | ssl.ca.location=probe
	security.protocol=ssl | ssl.ca.location=
	security.protocol=ssl | ssl.ca.pem=nonsense
	security.protocol=ssl | ssl.ca.pem=
	security.protocol=ssl | ssl.certificate.location=nowhere.pem
	security.protocol=ssl | ssl.certificate.pem=nonsense
	security.protocol=ssl | ssl.key.location=nowhere.pem
	security.protocol=ssl | ssl.key.pem=nonsense
	security.protocol=ssl | ssl.key.password=x
	security.protocol=ssl | ssl.crl.location=nowhere.pem
	security.protocol=ssl | ssl.keystore.location=nowhere.p12
	security.protocol=ssl | ssl.keystore.location=nowhere.p12 | ssl.keystore.password=x
	security.protocol=ssl | ssl.truststore.location=nowhere.p12
	security.protocol=ssl | ssl.cipher.suites=NOPE
	security.protocol=ssl | ssl.cipher.suites=ECDHE-RSA-AES128-GCM-SHA256
	security.protocol=ssl | ssl.cipher.suites=TLS_AES_128_GCM_SHA256
	security.protocol=ssl | ssl.cipher.suites=HIGH:!aNULL
	security.protocol=ssl | ssl.curves.list=NOPE
	security.protocol=ssl | ssl.curves.list=P-256
	security.protocol=ssl | ssl.curves.list=X25519:P-256
	security.protocol=ssl | ssl.sigalgs.list=NOPE
	security.protocol=ssl | ssl.sigalgs.list=RSA+SHA256
	security.protocol=ssl | ssl.engine.location=nowhere.so
	security.protocol=ssl | ssl.engine.id=x
	security.protocol=ssl | ssl.providers=default
	security.protocol=ssl | ssl.providers=nonesuch
	security.protocol=ssl | ssl.ca.certificate.stores=Nowhere
	security.protocol=ssl | enable.ssl.certificate.verification=false
	security.protocol=ssl | ssl.endpoint.identification.algorithm=none
	security.protocol=ssl | https.ca.location=nowhere.pem
	security.protocol=ssl | https.ca.pem=nonsense
	security.protocol=sasl_ssl | sasl.mechanisms=PLAIN | sasl.username=u | sasl.password=p
	security.protocol=sasl_ssl | sasl.mechanisms=PLAIN | sasl.username=u | sasl.password=p | ssl.ca.location=nowhere.pem
	security.protocol=sasl_ssl | sasl.mechanisms=PLAIN | ssl.ca.location=nowhere.pem
	security.protocol=sasl_ssl | sasl.mechanisms=NTLM | ssl.ca.location=nowhere.pem
	https.ca.location=nowhere.pem
	https.ca.location=probe
	https.ca.location=nowhere.pem | https.ca.pem=x
	ssl.ca.location=nowhere.pem
	ssl.ca.pem=nonsense
	ssl.keystore.password=x
`
