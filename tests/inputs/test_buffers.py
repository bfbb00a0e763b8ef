import gc

import numpy as np
import tensorflow as tf

from fer_exp.inputs.buffers import Buffers


def test_memory_is_used_again_only_once_no_view_of_it_is_left():
    buffers = Buffers()
    array = buffers.empty((2, 3))
    view = array[1:]
    del array
    assert not buffers.free
    view[:] = 7
    other = buffers.empty((2, 3))
    other[:] = 1
    assert (view == 7).all()
    del view
    assert len(buffers.free) == 1


def test_a_tensor_of_a_pipeline_holds_its_memory():
    buffers = Buffers()

    def fill(i):
        out = buffers.empty((3, 4))
        out[:] = i
        return out

    data = tf.data.Dataset.range(50).map(lambda i: tf.numpy_function(fill, [i], tf.float32, stateful=False))
    kept = list(data)
    gc.collect()
    assert [float(tensor[2, 3]) for tensor in kept] == list(range(50))


def test_arrays_begin_where_tensorflow_takes_them_as_they_are():
    buffers = Buffers()
    for shape in ((3,), (5, 7), (1, 1)):
        array = buffers.empty(shape)
        assert array.shape == shape and array.dtype == np.float32
        assert array.ctypes.data % 64 == 0


def test_memory_that_is_too_small_is_given_up():
    buffers = Buffers()
    buffers.empty((2,))
    assert buffers.empty((100, 100)).shape == (100, 100)
