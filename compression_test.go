package kafka

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kgo"
)

// compressors are the codecs that the library compresses by itself, with levels of all sorts.
func compressors() map[string]kgo.Compressor {
	all := map[string]kgo.Compressor{}
	for _, level := range []int{-1, 3, 12} {
		all[fmt.Sprint("lz4 ", level)] = newLZ4(level)
	}
	for _, level := range []int{-1, 1, 5, 9, 12} {
		all[fmt.Sprint("zstd ", level)] = newZstd(level)
	}
	return all
}

func TestCompressionSettings(t *testing.T) {
	t.Parallel()
	type hc struct{ block, depth int }
	for _, tt := range []struct {
		conf []any
		want any // the engine's codec, or our compressor; an lz4Compressor by its blocks and depth, which is 0 for the fast one
	}{
		{nil, kgo.NoCompression()},
		{[]any{"compression.codec", "none", "compression.level", 12}, kgo.NoCompression()},
		{[]any{"compression.codec", "gzip"}, kgo.GzipCompression()},
		{[]any{"compression.codec", "gzip", "compression.level", 0}, kgo.GzipCompression().WithLevel(1)},
		{[]any{"compression.codec", "gzip", "compression.level", 7}, kgo.GzipCompression().WithLevel(7)},
		{[]any{"compression.codec", "gzip", "compression.level", 12}, kgo.GzipCompression().WithLevel(9)},
		{[]any{"compression.codec", "snappy", "compression.level", 3}, kgo.SnappyCompression()},
		{[]any{"compression.codec", "lz4"}, hc{64 << 10, 0}},
		{[]any{"compression.codec", "lz4", "compression.level", 2}, hc{64 << 10, 0}},
		{[]any{"compression.codec", "lz4", "compression.level", 3}, hc{256 << 10, 8}},
		{[]any{"compression.codec", "lz4", "compression.level", 12}, hc{256 << 10, 4096}},
		{[]any{"compression.codec", "zstd"}, &zstdAuto{}},
		{[]any{"compression.codec", "zstd", "compression.level", 0}, &zstdAuto{}},
		{[]any{"compression.codec", "zstd", "compression.level", 1}, zstdFixed(zstd.SpeedFastest)},
		{[]any{"compression.codec", "zstd", "compression.level", 3}, &zstdAuto{}},
		{[]any{"compression.codec", "zstd", "compression.level", 5}, zstdFixed(zstd.SpeedDefault)},
		{[]any{"compression.codec", "zstd", "compression.level", 9}, zstdFixed(zstd.SpeedBetterCompression)},
		{[]any{"compression.codec", "zstd", "compression.level", 12}, zstdFixed(zstd.SpeedBestCompression)},
		{[]any{"compression.codec", "zstd", "topic.compression.codec", "lz4"}, hc{64 << 10, 0}},
		{[]any{"compression.codec", "zstd", "topic.compression.type", "none"}, kgo.NoCompression()},
		{[]any{"compression.codec", "gzip", topicConfig, ConfigMap{"compression.type": "inherit"}}, kgo.GzipCompression()},
	} {
		engine := newEngine(t, minimal(producerClient, tt.conf...), producerClient).engine()
		var got any
		switch c := engine.OptValue(kgo.WithCompressor).(type) {
		case *lz4Compressor:
			fast, _ := c.encoders.Get().(*lz4.CompressorHC)
			if fast == nil {
				fast = &lz4.CompressorHC{}
			}
			got = hc{c.block, int(fast.Level)}
		case *zstdAuto, zstdFixed:
			got = c
		default: // the engine makes its own, by
			got = engine.OptValue(kgo.ProducerBatchCompression).([]kgo.CompressionCodec)[0]
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%v: %T %+v, want %+v", tt.conf, got, got, tt.want)
		}
	}
}

// sourceMessages returns the text of this package's files in messages of a KiB.
func sourceMessages(t testing.TB) [][]byte {
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	var all []byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	var messages [][]byte
	for ; len(all) >= 1<<10; all = all[1<<10:] {
		messages = append(messages, all[:1<<10])
	}
	return messages
}

func jsonMessage(r *rand.Rand) []byte {
	b := fmt.Appendf(nil, `{"order":"%08x-%04x","customer":%d,"status":"%s","created_at":"2026-11-23T%02d:%02d:%02d.%03dZ","items":[`,
		r.Uint32(), r.Uint32N(1<<16), r.IntN(100000), []string{"pending", "paid", "shipped"}[r.IntN(3)], r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000))
	for range r.IntN(8) + 3 {
		b = fmt.Appendf(b, `{"sku":"SKU-%05d","quantity":%d,"price":%d.%02d,"currency":"EUR"},`, r.IntN(20000), r.IntN(9)+1, r.IntN(300), r.IntN(100))
	}
	return append(b, "]}"...)
}

func randomMessage(r *rand.Rand) []byte {
	b := make([]byte, 1<<10)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// batches returns n batches of about size bytes for each kind of messages.
func batches(t testing.TB, n, size int) map[string][][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	sources := sourceMessages(t)
	kinds := map[string]func() []byte{
		"JSON":    func() []byte { return jsonMessage(r) },
		"sources": func() []byte { return sources[r.IntN(len(sources))] },
		"random":  func() []byte { return randomMessage(r) },
		"zeros":   func() []byte { return make([]byte, 1<<10) },
	}
	all := map[string][][]byte{}
	for kind, message := range kinds {
		for range n {
			b := make([]byte, 0, size)
			for i := 0; len(b) < size; i++ {
				b = append(b, byte(i), byte(i>>8))
				b = append(b, message()...)
			}
			all[kind] = append(all[kind], b[:size])
		}
	}
	return all
}

// compressAndBack fails if the engine's consumer would not read what a compressor makes of src. It returns how long that is.
func compressAndBack(t testing.TB, c kgo.Compressor, dst *bytes.Buffer, src []byte) int {
	t.Helper()
	before := bytes.Clone(src)
	dst.Reset()
	out, codec := c.Compress(dst, src)
	got, err := kgo.DefaultDecompressor().Decompress(out, codec)
	if err != nil || !bytes.Equal(got, before) {
		t.Fatalf("%d bytes became %d of codec %d, and those %d that are others: %v", len(src), len(out), codec, len(got), err)
	}
	if !bytes.Equal(src, before) {
		t.Fatal("the batch was changed")
	}
	// The engine sends what is not smaller as it is, but one block after the other must not need more room than promised.
	if most := len(src) + len(src)/1000 + 64; len(out) > most {
		t.Errorf("%d bytes became %d, at most %d are expected", len(src), len(out), most)
	}
	return len(out)
}

func TestCompressors(t *testing.T) {
	t.Parallel()
	all := batches(t, 1, 1<<20+1000)
	for name, c := range compressors() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dst := bytes.NewBuffer([]byte("what was there before"))
			for kind, b := range all {
				for _, size := range []int{1, 2, 4, 12, 13, 100, 1000, 64<<10 - 1, 64 << 10, 64<<10 + 1, 256 << 10, 256<<10 + 12} {
					n := compressAndBack(t, c, dst, b[0][:size])
					if kind != "random" && size >= 64<<10 && n > size*6/10 {
						t.Errorf("%s: %d bytes became %d", kind, size, n)
					}
				}
			}
		})
	}
	t.Run("large batches", func(t *testing.T) {
		t.Parallel()
		for _, c := range []kgo.Compressor{newLZ4(-1), newLZ4(3), newZstd(1), newZstd(5)} {
			for _, b := range all {
				compressAndBack(t, c, new(bytes.Buffer), b[0])
			}
		}
	})
}

func FuzzCompressors(f *testing.F) {
	f.Add([]byte("a"), uint16(1), 0)
	f.Add([]byte("what comes again and again "), uint16(5000), 3)
	f.Add([]byte{0, 1, 2, 255}, uint16(17000), 12)
	f.Fuzz(func(t *testing.T, piece []byte, times uint16, level int) {
		if len(piece) == 0 || len(piece)*int(times) > 600<<10 || level < -1 || level > 12 {
			t.Skip()
		}
		src := append(bytes.Repeat(piece, int(times)), piece...)
		compressAndBack(t, newLZ4(level), new(bytes.Buffer), src)
		compressAndBack(t, newZstd(level), new(bytes.Buffer), src)
	})
}

// TestLZ4Frame compares frames with those of the lz4 package's own writer.
func TestLZ4Frame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		level   int
		block   lz4.BlockSize
		writers lz4.CompressionLevel
	}{{-1, lz4.Block64Kb, lz4.CCompatFast}, {9, lz4.Block256Kb, lz4.Level1}} {
		for kind, b := range batches(t, 1, 300<<10) {
			got, codec := newLZ4(tt.level).Compress(new(bytes.Buffer), b[0])
			var want bytes.Buffer
			w := lz4.NewWriter(&want)
			if err := w.Apply(lz4.BlockSizeOption(tt.block), lz4.ChecksumOption(false), lz4.CompressionLevelOption(tt.writers)); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(b[0]); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if codec != kgo.CodecLz4 || !bytes.Equal(got, want.Bytes()) {
				t.Errorf("level %d, %s: %d bytes of codec %d, want the %d of the package's writer", tt.level, kind, len(got), codec, want.Len())
			}
		}
	}
}

// TestZstdFrame: frames have no checksum, and no larger window than every reader has to take.
func TestZstdFrame(t *testing.T) {
	t.Parallel()
	src := bytes.Repeat([]byte("what comes again "), zstdWindow/17+1)
	for _, level := range []int{-1, 1, 5, 9, 12} {
		out, _ := newZstd(level).Compress(new(bytes.Buffer), src)
		var h zstd.Header
		if err := h.Decode(out); err != nil {
			t.Fatal(err)
		}
		if h.HasCheckSum || h.SingleSegment || h.WindowSize != zstdWindow {
			t.Errorf("level %d: %+v", level, h)
		}
	}
}

// TestZstdAuto: a batch in 61 is compressed both ways, the others by the faster way where that makes as little.
func TestZstdAuto(t *testing.T) {
	t.Parallel()
	const size = 10_000
	all := batches(t, 10, size)
	c := &zstdAuto{}
	dst := new(bytes.Buffer)
	run := func(kind string, n int) (total int, levels map[zstd.EncoderLevel]int) {
		levels = map[zstd.EncoderLevel]int{}
		for i := range n {
			level, probe := (&zstdAuto{batches: c.batches, fast: c.fast, good: c.good}).next()
			if !probe {
				levels[level]++
			}
			out, _ := c.Compress(dst, all[kind][i%len(all[kind])])
			total += len(out)
		}
		return total, levels
	}
	good := func(kind string, n int) (total int) {
		for i := range n {
			total += len(zstdEncode(zstd.SpeedDefault, dst, all[kind][i%len(all[kind])]))
		}
		return total
	}
	const n = 3 * zstdProbe
	for _, row := range []struct {
		kind  string
		level zstd.EncoderLevel
	}{{"JSON", zstd.SpeedFastest}, {"sources", zstd.SpeedDefault}, {"JSON", zstd.SpeedFastest}} {
		run(row.kind, 12*zstdProbe) // after so many the change is noticed
		total, levels := run(row.kind, n)
		if levels[row.level] != n-3 || len(levels) != 1 {
			t.Errorf("%s: %v batches by level, want all but 3 at %v", row.kind, levels, row.level)
		}
		if want := good(row.kind, n); total > want+want/50 {
			t.Errorf("%s: %d bytes, the better level makes %d", row.kind, total, want)
		}
	}
}

// TestCompressorsAreShared: several connections of a producer, and several producers, compress at once.
func TestCompressorsAreShared(t *testing.T) {
	t.Parallel()
	all := batches(t, 4, 140_000)
	for _, name := range []string{"lz4 -1", "lz4 3", "zstd -1", "zstd 1"} {
		c := compressors()[name]
		var wg sync.WaitGroup
		for _, b := range all {
			wg.Go(func() {
				for i := range 4 {
					dst := new(bytes.Buffer)
					out, codec := c.Compress(dst, b[i%4])
					if got, err := kgo.DefaultDecompressor().Decompress(out, codec); err != nil || !bytes.Equal(got, b[i%4]) {
						t.Errorf("%s: %d bytes came back as %d: %v", name, len(b[i%4]), len(got), err)
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestZstdOnOldBrokers(t *testing.T) {
	t.Parallel()
	src := bytes.Repeat([]byte("old "), 1000)
	for level := -1; level <= 12; level++ {
		out, codec := newZstd(level).Compress(new(bytes.Buffer), src, kgo.CompressDisableZstd)
		if codec != kgo.CodecNone || !bytes.Equal(out, src) {
			t.Errorf("level %d: codec %d, %d bytes of %d", level, codec, len(out), len(src))
		}
	}
}

func BenchmarkCompress(b *testing.B) {
	all := batches(b, 8, 500_000)
	for _, name := range []string{"lz4", "zstd", "snappy", "gzip"} {
		for _, kind := range []string{"JSON", "sources"} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				codecs := map[string]kgo.CompressionCodec{"snappy": kgo.SnappyCompression(), "gzip": kgo.GzipCompression()}
				c, err := kgo.DefaultCompressor(codecs[name])
				switch name {
				case "lz4":
					c = newLZ4(-1)
				case "zstd":
					c = newZstd(-1)
				}
				if err != nil {
					b.Fatal(err)
				}
				dst := new(bytes.Buffer)
				b.SetBytes(int64(len(all[kind][0])))
				b.ReportAllocs()
				in, out := 0, 0
				for i := 0; b.Loop(); i++ {
					dst.Reset()
					src := all[kind][i%8]
					got, _ := c.Compress(dst, src)
					in, out = in+len(src), out+len(got)
				}
				b.ReportMetric(float64(out)/float64(in), "size/size")
			})
		}
	}
}
