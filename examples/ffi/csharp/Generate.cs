// Streams a model's answer, and the ids of its tokens on stderr. Usage: generate MODEL PROMPT [TOKENS [CANCEL_AFTER]]
// CANCEL_AFTER: fire a cancel token after so many tokens, as another thread might at any time.
using System;
using System.Collections.Generic;
using System.Text;

static class Generate
{
    static int Main(string[] arguments)
    {
        if (arguments.Length < 2 || arguments.Length > 4)
        {
            Console.Error.WriteLine("usage: generate MODEL PROMPT [TOKENS [CANCEL_AFTER]]");
            return 2;
        }
        Console.OutputEncoding = new UTF8Encoding(false);
        int maxTokens = arguments.Length > 2 ? int.Parse(arguments[2]) : 64;
        int cancelAfter = arguments.Length > 3 ? int.Parse(arguments[3]) : 0;
        var ids = new List<int>();
        try
        {
            using (var cancel = new Cancel())
            using (var engine = new Engine())
            using (var model = new Model(engine, arguments[0]))
            {
                Func<string, bool> onText = text =>
                {
                    Console.Out.Write(text);
                    Console.Out.Flush();
                    return true;
                };
                Func<int, bool> onToken = id =>
                {
                    ids.Add(id);
                    if (ids.Count == cancelAfter) cancel.Fire();
                    return true;
                };
                model.Generate(arguments[1], maxTokens, onText, onToken, cancel);
            }
        }
        catch (PremiseException error) when (error.Status == PremiseAbi.PRM_STATUS_CANCELLED)
        {
            Console.Error.WriteLine("cancelled after {0} tokens", ids.Count);
        }
        catch (PremiseException error)
        {
            Console.Error.WriteLine("{0}: {1}", error.Name, error.Message);
            return 1;
        }
        Console.Out.WriteLine();
        Console.Error.WriteLine("ids: {0}", string.Join(" ", ids));
        return 0;
    }
}
