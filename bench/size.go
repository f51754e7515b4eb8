package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

// binarySize builds a program with one producer and one consumer, stripped and static, and returns its size.
func binarySize(ctx context.Context, dir string, lib *Library) (map[string]float64, error) {
	out := filepath.Join(dir, "size-"+lib.Dir)
	flags, env := "-s -w", "CGO_ENABLED=0"
	if lib.Cgo {
		flags, env = `-s -w -linkmode external -extldflags "-static -s"`, "CGO_ENABLED=1"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", flags, "-o", out, "./size/"+lib.Dir)
	cmd.Env = append(os.Environ(), env)
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building size/%s: %w\n%s", lib.Dir, err, text)
	}
	info, err := os.Stat(out)
	if err != nil {
		return nil, err
	}
	return map[string]float64{work.BinarySize: float64(info.Size())}, nil
}
