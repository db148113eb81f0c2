// The library as Java calls it.

package dev.dunlin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.Test;

class JavaCallerTest {
    @Test
    void thePictureShowsASeven() {
        LoadOptions options = new LoadOptions();
        options.setThreads(2);
        try (Model model = Model.load(Samples.INSTANCE.getDigits(), options);
                Tensor image = Tensor.of(Samples.INSTANCE.seven(), 1, 1, 28, 28);
                Outputs outputs = model.run(Map.of("image", image))) {
            float[] probabilities = outputs.tensor("probabilities").floats();
            int best = 0;
            for (int digit = 1; digit < probabilities.length; digit++) {
                best = probabilities[digit] > probabilities[best] ? digit : best;
            }
            assertEquals(7, best);
        }
    }

    @Test
    void errorsAreCaughtByTheirKind() {
        DunlinException.NotFound error =
                assertThrows(DunlinException.NotFound.class, () -> Model.load("no.onnx"));
        assertEquals("no.onnx", error.getFile());
    }
}
