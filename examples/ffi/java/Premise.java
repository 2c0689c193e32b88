// Premise for the JVM, over JNA: what a program needs to stream text from a model. Copy it together with PremiseAbi.java.
//
// Handles may be used from any thread and closed in any order. An error belongs to the thread of the system: a virtual thread
// has to be pinned to its own while it calls.
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

final class Premise {
    private static final PremiseAbi LIBRARY =
            Native.load("premise", PremiseAbi.class, Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));

    static final class Failure extends RuntimeException {
        final int status;
        final String name; // "BAD_FILE"

        Failure(int status) {
            super(LIBRARY.prm_last_error());
            this.status = status;
            name = LIBRARY.prm_status_name(status);
        }
    }

    // Throws what the calling thread's last call said.
    private static void check(int status) {
        if (status != PremiseAbi.PRM_STATUS_OK) throw new Failure(status);
    }

    // Closed once, by whoever comes first.
    private abstract static class Handle implements AutoCloseable {
        private final AtomicReference<Pointer> raw = new AtomicReference<>();

        void own(PointerByReference opened) { raw.set(opened.getValue()); }
        Pointer raw() { return raw.get(); }
        abstract void close(Pointer opened);
        @Override public final void close() {
            Pointer opened = raw.getAndSet(null);
            if (opened != null) close(opened);
        }
    }

    static final class Cancel extends Handle {
        Cancel() {
            PointerByReference opened = new PointerByReference();
            check(LIBRARY.prm_cancel_open(opened));
            own(opened);
        }
        void fire() { LIBRARY.prm_cancel_fire(raw()); }
        @Override void close(Pointer opened) { LIBRARY.prm_cancel_close(opened); }
    }

    static final class Engine extends Handle {
        // threads: how many beside the calling one; -1: as many as there are.
        Engine(int threads) {
            PremiseAbi.prm_engine_options options = new PremiseAbi.prm_engine_options();
            options.threads = threads;
            PointerByReference opened = new PointerByReference();
            check(LIBRARY.prm_engine_open(PremiseAbi.PRM_VERSION, options, opened));
            own(opened);
        }
        @Override void close(Pointer opened) { LIBRARY.prm_engine_close(opened); }
    }

    static final class Model extends Handle {
        Model(Engine engine, String path) {
            PointerByReference opened = new PointerByReference();
            check(LIBRARY.prm_model_open(engine.raw(), path, null, null, opened));
            own(opened);
        }
        @Override void close(Pointer opened) { LIBRARY.prm_model_close(opened); }

        // Generates until the model ends, maxTokens are there (0: no bound) or a callback gives false. What a callback throws
        // ends the text and is thrown from here.
        void generate(String prompt, int maxTokens, Predicate<String> onText, IntPredicate onToken, Cancel cancel) {
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            PremiseAbi.prm_generate_options options = new PremiseAbi.prm_generate_options();
            options.max_tokens = maxTokens;
            if (onText != null) {
                options.on_text = (user, text, size) -> guarded(thrown, () -> {
                    byte[] bytes = text.getByteArray(0, size.intValue());
                    return onText.test(new String(bytes, StandardCharsets.UTF_8));
                });
            }
            if (onToken != null) options.on_token = (user, id) -> guarded(thrown, () -> onToken.test(id));
            byte[] bytes = prompt.getBytes(StandardCharsets.UTF_8);
            Memory text = new Memory(bytes.length + 1); // JNA has none of 0 bytes
            text.write(0, bytes, 0, bytes.length);
            PremiseAbi.prm_prompt asked = new PremiseAbi.prm_prompt();
            asked.text.data = text;
            asked.text.size = new PremiseAbi.SizeT(bytes.length);
            PremiseAbi.prm_control control = new PremiseAbi.prm_control();
            if (cancel != null) control.cancel = cancel.raw();
            int status = LIBRARY.prm_generate(raw(), asked, options, control, null);
            Reference.reachabilityFence(options); // it holds the callbacks, which C sees by address alone
            Reference.reachabilityFence(text);
            if (thrown.get() instanceof Error) throw (Error) thrown.get();
            if (thrown.get() != null) throw (RuntimeException) thrown.get();
            check(status);
        }

        private interface Answer { boolean get(); }
        private static int guarded(AtomicReference<Throwable> thrown, Answer callback) {
            try {
                return callback.get() ? 0 : 1;
            } catch (Error | RuntimeException error) { // functional interfaces throw no others
                thrown.set(error);
                return 1;
            }
        }
    }
}
