"""Worker for confluent-kafka for Python: one JSON job in its argument, one line of JSON as its answer."""

import json
import resource
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer

job = json.loads(sys.argv[1])
payload = [bytes((i * 31 + k * 17) & 0xFF for k in range(job["bytes"])) for i in range(16)]


def cpu_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def status():
    out = {}
    try:
        with open("/proc/self/status") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if key == "VmHWM":
                    out["memory"] = float(value.split()[0]) * 1024
                elif key == "Threads":
                    out["threads"] = float(value)
    except OSError:
        pass
    return out


class Meter:
    def start(self):
        self.cpu, self.began = cpu_time(), time.perf_counter()

    def stop(self, n):
        elapsed, cpu = time.perf_counter() - self.began, cpu_time() - self.cpu
        result = {"rate": n / elapsed, "throughput": n * job["bytes"] / elapsed, "cpu": cpu / n * 1e6, **status()}
        print(json.dumps(result), flush=True)


meter = Meter()


def new_producer():
    conf = {
        "bootstrap.servers": job["brokers"],
        "linger.ms": job["linger"],
        "acks": job["acks"],
        "enable.idempotence": job["idempotent"],
        "compression.type": job["codec"],
        "batch.size": job["batchBytes"],
        "batch.num.messages": job["batchMessages"],
        "queue.buffering.max.messages": job["queueMessages"],
        "queue.buffering.max.kbytes": job["queueKB"],
        "message.max.bytes": job["maxMessage"],
    }
    if job["inFlight"]:
        conf["max.in.flight"] = job["inFlight"]
    return Producer(conf)


def produce():
    producer, reports = new_producer(), [0]

    def on_delivery(err, _):
        if err is not None:
            raise KafkaException(err)
        reports[0] += 1

    def send(n):
        done = reports[0] + n
        for i in range(n):
            while True:
                try:
                    producer.produce(job["topic"], payload[i & 15], on_delivery=on_delivery)
                    break
                except BufferError:
                    producer.poll(0.001)
            producer.poll(0)
        while reports[0] < done:
            producer.poll(0.1)

    send(job["warm"])
    meter.start()
    send(job["messages"])
    meter.stop(job["messages"])


def consume():
    consumer = Consumer({
        "bootstrap.servers": job["brokers"],
        "group.id": job["group"],
        "auto.offset.reset": "earliest",
        "fetch.min.bytes": job["fetchMinBytes"],
        "fetch.wait.max.ms": job["fetchWait"],
        "fetch.max.bytes": job["fetchBytes"],
        "max.partition.fetch.bytes": job["fetchPartitionBytes"],
        "queued.min.messages": job["fetchQueueMessages"],
        "queued.max.messages.kbytes": job["fetchQueueKB"],
    })
    consumer.subscribe([job["topic"]])
    n = 0
    while n < job["messages"]:
        msg = consumer.poll(1)
        if msg is None:
            continue
        if msg.error():
            raise KafkaException(msg.error())
        if n == 0:
            meter.start()
        n += 1
    meter.stop(n)
    consumer.close()


{"produce": produce, "produce-func": produce, "consume": consume}[job["work"]]()
