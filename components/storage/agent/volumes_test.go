package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const gib = 1 << 30

func onWorker(t *testing.T, volumes ...v1.PersistentVolume) (*provisioner, string) {
	t.Helper()
	folder := t.TempDir()
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	size := func() (int64, error) { return 100 * gib, nil }
	labels := func(context.Context) (map[string]string, error) {
		return map[string]string{v1.LabelHostname: "worker-1", v1.LabelTopologyRegion: "NO"}, nil
	}
	there := func(context.Context) ([]v1.PersistentVolume, error) { return volumes, nil }
	return &provisioner{
		node: "worker-1", path: "/data/volumes", root: root, size: size, labels: labels, volumes: there,
	}, folder
}

func asked(size string, change func(*v1.PersistentVolumeClaim)) controller.ProvisionOptions {
	claim := &v1.PersistentVolumeClaim{Spec: v1.PersistentVolumeClaimSpec{
		AccessModes: []v1.PersistentVolumeAccessMode{v1.ReadWriteOnce},
		Resources:   v1.VolumeResourceRequirements{Requests: v1.ResourceList{v1.ResourceStorage: resource.MustParse(size)}},
	}}
	if change != nil {
		change(claim)
	}
	policy := v1.PersistentVolumeReclaimDelete
	return controller.ProvisionOptions{
		PVName: "pvc-1", PVC: claim, SelectedNodeName: "worker-1",
		StorageClass: &storage.StorageClass{ReclaimPolicy: &policy},
	}
}

// stored is a volume as the cluster has it: the library notes on it who made it.
func stored(name, node, path string) *v1.PersistentVolume {
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: "grunnmur.internal/node-disk"}},
		Spec: v1.PersistentVolumeSpec{
			Capacity:               v1.ResourceList{v1.ResourceStorage: resource.MustParse("60Gi")},
			PersistentVolumeSource: v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
			NodeAffinity:           only(map[string]string{v1.LabelHostname: node, v1.LabelTopologyRegion: "NO"}),
		},
	}
}

func TestAVolumeIsAFolderBoundToItsNodeAndCountry(t *testing.T) {
	p, folder := onWorker(t)
	volume, _, err := p.Provision(context.Background(), asked("10Gi", nil))
	if err != nil {
		t.Fatal(err)
	}
	if volume.Spec.Local.Path != "/data/volumes/pvc-1" {
		t.Error("the kubelet is told", volume.Spec.Local.Path)
	}
	info, err := os.Stat(filepath.Join(folder, "pvc-1"))
	if err != nil || info.Mode().Perm() != 0o777 {
		t.Error("a pod of any user writes to its volume:", info, err)
	}
	said := volume.Spec.NodeAffinity.String()
	for _, part := range []string{"kubernetes.io/hostname", "worker-1", "topology.kubernetes.io/region", "NO"} {
		if !strings.Contains(said, part) {
			t.Errorf("%s is not in %s", part, said)
		}
	}
	if got := volume.Spec.Capacity[v1.ResourceStorage]; got.String() != "10Gi" {
		t.Error("it has", got.String())
	}
	// The controller asks again where it could not write the volume down.
	if _, _, err := p.Provision(context.Background(), asked("10Gi", nil)); err != nil {
		t.Error("asked twice:", err)
	}
}

func TestWhatANodesDiskCannotBeIsRefusedWithItsReason(t *testing.T) {
	for want, change := range map[string]func(*v1.PersistentVolumeClaim){
		"ReadWriteMany": func(c *v1.PersistentVolumeClaim) {
			c.Spec.AccessModes = []v1.PersistentVolumeAccessMode{v1.ReadWriteMany}
		},
		"spec.selector":   func(c *v1.PersistentVolumeClaim) { c.Spec.Selector = &metav1.LabelSelector{} },
		"spec.dataSource": func(c *v1.PersistentVolumeClaim) { c.Spec.DataSource = &v1.TypedLocalObjectReference{} },
	} {
		p, folder := onWorker(t)
		_, _, err := p.Provision(context.Background(), asked("1Gi", change))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("%s: left %v", want, left)
		}
	}
}

func TestNoMoreIsPromisedThanTheDiskHas(t *testing.T) {
	ours := stored("pvc-0", "worker-1", "/data/volumes/pvc-0")
	elsewhere := stored("pvc-9", "worker-2", "/data/volumes/pvc-9")
	p, _ := onWorker(t, *ours, *elsewhere)
	// Of 100 GiB are 85 to be had, and 60 are gone.
	if _, _, err := p.Provision(context.Background(), asked("25Gi", nil)); err != nil {
		t.Error("it fits:", err)
	}
	_, state, err := p.Provision(context.Background(), asked("26Gi", nil))
	if err == nil || !strings.Contains(err.Error(), "worker-1 has 25Gi left") || state != controller.ProvisioningReschedule {
		t.Error("another node is not looked for:", state, err)
	}
}

func TestOnlyAFolderOfThisNodeIsDeleted(t *testing.T) {
	p, folder := onWorker(t)
	if err := os.MkdirAll(filepath.Join(folder, "pvc-1", "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(folder, "pvc-1", "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(outside, "kept"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	unmarked := stored("pvc-1", "worker-1", "/data/volumes/pvc-1")
	unmarked.Annotations = nil
	for what, volume := range map[string]*v1.PersistentVolume{
		"another node's":       stored("pvc-1", "worker-2", "/data/volumes/pvc-1"),
		"another folder's":     stored("pvc-1", "worker-1", "/data/volumes"),
		"a path out of it":     stored("..", "worker-1", "/data"),
		"somebody else's work": unmarked,
	} {
		if p.ShouldDelete(context.Background(), volume) {
			t.Error("deletes", what)
		}
		_ = p.Delete(context.Background(), volume)
	}
	if _, err := os.Stat(filepath.Join(folder, "pvc-1", "deep")); err != nil {
		t.Fatal("it is gone:", err)
	}
	if err := p.Delete(context.Background(), stored("pvc-1", "worker-1", "/data/volumes/pvc-1")); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Error("left", left)
	}
	if _, err := os.Stat(filepath.Join(outside, "kept")); err != nil {
		t.Error("a link was followed:", err)
	}
}

func TestClaimsOfOtherNodesAreTheirs(t *testing.T) {
	p, _ := onWorker(t)
	for node, want := range map[string]bool{"worker-1": true, "worker-2": false, "": false} {
		claim := &v1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{selectedNode: node}}}
		if p.ShouldProvision(context.Background(), claim) != want {
			t.Errorf("of %q: %v", node, !want)
		}
	}
}
