// Command agent makes and deletes volumes on its own node: a folder each, on the node's disk for data.
//
// It is on every worker, and each one sees to the claims that the scheduler gave its node, so that no pod has to be started
// on a node to make a folder there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

func main() {
	var node, folder, path, health string
	flag.StringVar(&node, "node", "", "name of this node")
	flag.StringVar(&folder, "folder", "/volumes", "where the folder of volumes is for this program")
	flag.StringVar(&path, "path", "", "where it is for the kubelet")
	flag.StringVar(&health, "health", ":9466", "where /readyz answers")
	klog.InitFlags(nil)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, node, folder, path, health); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, node, folder, path, health string) error {
	if node == "" || path == "" {
		return errors.New("--node and --path are both needed: the name of this node, and the folder of volumes on it")
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	// A volume is open to any user of its pod, so what holds them all is open to root alone.
	if err := root.Chmod(".", 0o700); err != nil {
		return err
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	volumes := &provisioner{
		node: node, path: path, root: root, size: sizeOf(folder),
		labels: func(ctx context.Context) (map[string]string, error) {
			found, err := client.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			return found.Labels, nil
		},
		volumes: func(ctx context.Context) ([]v1.PersistentVolume, error) {
			found, err := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
			if err != nil {
				return nil, err
			}
			return found.Items, nil
		},
	}
	all := controller.NewProvisionController(ctx, client, name, volumes,
		// Each node's agent is the only one for its claims.
		controller.LeaderElection(false),
		// A volume is not forgotten before its folder is gone.
		controller.AddFinalizer(true),
	)
	go all.Run(ctx)
	failed := make(chan error, 1)
	go func() { failed <- serveHealth(health, all.HasRun) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

func serveHealth(address string, ready func() bool) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready() {
			http.Error(w, "claims and volumes are not known yet", http.StatusServiceUnavailable)
		}
	})
	return http.ListenAndServe(address, mux)
}

// sizeOf tells the bytes of the file system that holds a folder.
func sizeOf(folder string) func() (int64, error) {
	return func() (int64, error) {
		var found syscall.Statfs_t
		if err := syscall.Statfs(folder, &found); err != nil {
			return 0, err
		}
		return int64(found.Blocks) * found.Bsize, nil
	}
}
