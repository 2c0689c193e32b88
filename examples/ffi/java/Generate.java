// Streams a model's answer, and the ids of its tokens on stderr. Usage: Generate MODEL PROMPT [TOKENS [CANCEL_AFTER]]
// CANCEL_AFTER: fire a cancel token after so many tokens, as another thread might at any time.
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

public final class Generate {
    public static void main(String[] arguments) {
        if (arguments.length < 2 || arguments.length > 4) {
            System.err.println("usage: Generate MODEL PROMPT [TOKENS [CANCEL_AFTER]]");
            System.exit(2);
        }
        int maxTokens = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 64;
        int cancelAfter = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 0;
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        List<String> ids = new ArrayList<>();
        try (Premise.Cancel cancel = new Premise.Cancel();
                Premise.Engine engine = new Premise.Engine(-1);
                Premise.Model model = new Premise.Model(engine, arguments[0])) {
            model.generate(arguments[1], maxTokens,
                    text -> {
                        out.print(text);
                        out.flush();
                        return true;
                    },
                    id -> {
                        ids.add(Integer.toString(id));
                        if (ids.size() == cancelAfter) cancel.fire();
                        return true;
                    },
                    cancel);
        } catch (Premise.Failure failure) {
            if (failure.status != PremiseAbi.PRM_STATUS_CANCELLED) {
                System.err.println(failure.name + ": " + failure.getMessage());
                System.exit(1);
            }
            System.err.println("cancelled after " + ids.size() + " tokens");
        }
        out.println();
        System.err.println("ids: " + String.join(" ", ids));
    }
}
