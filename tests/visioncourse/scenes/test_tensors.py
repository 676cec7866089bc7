"""Scenes and videos as Torch takes them: the same numbers in another order of axes."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from visioncourse.scenes import VIDEOS, WORLDS, make_scene, make_video
from visioncourse.scenes.tensors import detection_targets, image_batch, label_maps


def scenes(world="segmentation", count=3):
    return [make_scene(seed, **WORLDS[world]) for seed in range(count)]


def test_images_and_label_maps():
    drawn = scenes()
    images, labels = image_batch(drawn), label_maps(drawn)
    assert images.shape == (3, 3, 64, 64) and images.dtype == torch.float32
    assert labels.shape == (3, 64, 64) and labels.dtype == torch.int64
    assert images.is_contiguous() and images.min() >= 0 and images.max() <= 1
    for n, scene in enumerate(drawn):
        np.testing.assert_array_equal(labels[n], scene.semantic_mask)
        for channel in range(3):
            expected = scene.image[:, :, channel].astype(np.float32)
            np.testing.assert_array_equal(images[n, channel], expected)


def test_detection_targets_are_those_of_torchvision():
    drawn = scenes("detection")
    for target, scene in zip(detection_targets(drawn), drawn, strict=True):
        assert set(target) == {"boxes", "labels", "masks"}
        assert target["boxes"].dtype == torch.float32
        assert target["labels"].dtype == torch.int64
        assert target["masks"].dtype == torch.bool
        np.testing.assert_array_equal(target["boxes"], scene.boxes)
        np.testing.assert_array_equal(target["labels"], scene.classes)
        np.testing.assert_array_equal(target["masks"], scene.instance_masks)
        assert target["labels"].min() >= 1


def test_frames_of_a_video_have_identities():
    frames = make_video(0, **VIDEOS["easy"]).frames[:4]
    assert image_batch(frames).shape == (4, 3, 96, 128)
    for target, scene in zip(detection_targets(frames), frames, strict=True):
        np.testing.assert_array_equal(target["identities"], scene.identities)


def test_tensors_are_copies_that_may_be_changed():
    (scene,) = scenes(count=1)
    image, labels = scene.image.copy(), scene.semantic_mask.copy()
    image_batch([scene]).zero_()
    label_maps([scene]).zero_()
    for tensor in detection_targets([scene])[0].values():
        tensor.zero_()
    np.testing.assert_array_equal(scene.image, image)
    np.testing.assert_array_equal(scene.semantic_mask, labels)
    assert scene.boxes.any() and scene.classes.all() and scene.instance_masks.any()


def test_a_scene_without_objects():
    (target,) = detection_targets([make_scene(0, num_objects=0, height=5, width=4)])
    assert target["boxes"].shape == (0, 4)
    assert target["labels"].shape == (0,)
    assert target["masks"].shape == (0, 5, 4)
    assert detection_targets([]) == []


@pytest.mark.parametrize("batch", [image_batch, label_maps])
def test_batches_need_scenes_of_one_size(batch):
    with pytest.raises(ValueError, match="one size, got no scene"):
        batch([])
    with pytest.raises(ValueError, match="one size"):
        batch([make_scene(0, height=5), make_scene(0, height=6)])


def test_scenes_themselves_do_not_import_torch():
    program = "import sys, visioncourse.scenes; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
