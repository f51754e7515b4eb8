package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/purego-kafka/kafka/integration"
)

// tool finds a program and says what to install where it is missing.
func tool(name, install string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("these tests run a real Apache Kafka and need %q: install %s, or set KAFKA_BROKERS to a broker that runs: %w", name, install, err)
	}
	return path, nil
}

// jars returns the folder that holds Kafka of a version and all that it needs. The first call on a machine resolves
// them with Maven; later ones find the folder.
func jars(ctx context.Context, version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	base := filepath.Join(cache, "kafka-integration")
	libs := filepath.Join(base, "kafka-"+version)
	if _, err := os.Stat(libs); err == nil {
		return libs, nil
	}
	mvn, err := tool("mvn", "Maven 3.6 or later (Debian: apt-get install maven)")
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", err
	}
	// Maven fills a folder of its own, which then takes the name at once: a run that was cut short, or two at the same
	// time, leave no half folder.
	part, err := os.MkdirTemp(base, "part-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(part)
	file := filepath.Join(part, "pom.xml")
	if err := os.WriteFile(file, integration.Pom, 0o644); err != nil {
		return "", err
	}
	ctx, cancel := within(ctx, 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, mvn, "-q", "-B", "-f", file, "-Dkafka.version="+version,
		"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+filepath.Join(part, "libs"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("maven could not resolve Apache Kafka %s (%w); its output:\n%s", version, err, out)
	}
	if err := os.Rename(filepath.Join(part, "libs"), libs); err != nil {
		if _, there := os.Stat(libs); there != nil {
			return "", err
		}
	}
	return libs, nil
}
