// Premise for .NET and Mono, over P/Invoke: what a program needs to stream text from a model. Copy it together with PremiseAbi.cs.
//
// Handles may be used from any thread and disposed of in any order; the collector closes what was not.
using System;
using System.Runtime.InteropServices;
using System.Text;
using static PremiseAbi;

class PremiseException : Exception
{
    public readonly int Status;
    public readonly string Name; // "BAD_FILE"

    PremiseException(int status, string name, string message) : base(message) { Status = status; Name = name; }

    // Throws what the calling thread's last call said.
    internal static void Check(int status)
    {
        if (status != PRM_STATUS_OK)
            throw new PremiseException(status, Native.Text(prm_status_name(status)), Native.Text(prm_last_error()));
    }
}

// Text and structs for C.
static class Native
{
    static Native() { CheckLayouts(); }

    internal static uint Size<T>() { return (uint)Marshal.SizeOf(typeof(T)); }

    internal static string Text(IntPtr data, int size)
    {
        var bytes = new byte[size];
        Marshal.Copy(data, bytes, 0, size);
        return Encoding.UTF8.GetString(bytes);
    }

    internal static string Text(IntPtr data)
    {
        int size = 0;
        while (Marshal.ReadByte(data, size) != 0) ++size;
        return Text(data, size);
    }

    // UTF-8 with a NUL behind it, to be freed by Marshal.FreeHGlobal.
    internal static IntPtr Copy(string text, out int size)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        size = bytes.Length;
        IntPtr data = Marshal.AllocHGlobal(size + 1);
        Marshal.Copy(bytes, 0, data, size);
        Marshal.WriteByte(data, size, 0);
        return data;
    }
}

// A handle of the library. Calls keep it alive by GC.KeepAlive: without, it could be finalized while C still works on it.
abstract class PremiseHandle : IDisposable
{
    internal IntPtr Raw;

    protected abstract void Close();
    public void Dispose() { Close(); Raw = IntPtr.Zero; GC.SuppressFinalize(this); }
    ~PremiseHandle() { Close(); }
}

sealed class Cancel : PremiseHandle
{
    public Cancel() { PremiseException.Check(prm_cancel_open(out Raw)); }
    public void Fire() { prm_cancel_fire(Raw); GC.KeepAlive(this); }
    protected override void Close() { prm_cancel_close(Raw); }
}

sealed class Engine : PremiseHandle
{
    // threads: how many beside the calling one; -1: as many as there are.
    public Engine(int threads = PRM_THREADS_ALL)
    {
        var options = new prm_engine_options { struct_size = Native.Size<prm_engine_options>(), threads = threads };
        PremiseException.Check(prm_engine_open(PRM_VERSION, ref options, out Raw));
    }
    protected override void Close() { prm_engine_close(Raw); }
}

sealed class Model : PremiseHandle
{
    public Model(Engine engine, string path)
    {
        int size;
        IntPtr name = Native.Copy(path, out size);
        var options = new prm_model_options { struct_size = Native.Size<prm_model_options>() };
        try { PremiseException.Check(prm_model_open(engine.Raw, name, ref options, IntPtr.Zero, out Raw)); }
        finally { Marshal.FreeHGlobal(name); }
        GC.KeepAlive(engine);
    }
    protected override void Close() { prm_model_close(Raw); }

    // Generates until the model ends, maxTokens are there (0: no bound) or a callback gives false. What a callback throws ends
    // the text and is thrown from here.
    public void Generate(string prompt, int maxTokens, Func<string, bool> onText, Func<int, bool> onToken = null, Cancel cancel = null)
    {
        Exception thrown = null;
        Func<Func<bool>, int> guarded = callback =>
        {
            try { return callback() ? 0 : 1; }
            catch (Exception error) { thrown = error; return 1; }
        };
        prm_text_fn text = (user, data, size) => guarded(() => onText(Native.Text(data, (int)size)));
        prm_token_fn token = (user, id) => guarded(() => onToken(id));
        var options = new prm_generate_options { struct_size = Native.Size<prm_generate_options>(), max_tokens = maxTokens };
        if (onText != null) options.on_text = Marshal.GetFunctionPointerForDelegate(text);
        if (onToken != null) options.on_token = Marshal.GetFunctionPointerForDelegate(token);
        var asked = new prm_prompt { struct_size = Native.Size<prm_prompt>() };
        int length;
        asked.text.data = Native.Copy(prompt, out length);
        asked.text.size = (UIntPtr)length;
        var control = new prm_control { struct_size = Native.Size<prm_control>(), cancel = cancel == null ? IntPtr.Zero : cancel.Raw };
        var info = new prm_request_info { struct_size = Native.Size<prm_request_info>() };
        GCHandle lent = GCHandle.Alloc(control, GCHandleType.Pinned);
        int status;
        try { status = prm_generate(Raw, ref asked, ref options, lent.AddrOfPinnedObject(), ref info); }
        finally
        {
            lent.Free();
            Marshal.FreeHGlobal(asked.text.data);
            GC.KeepAlive(text); // C had pointers to them, which the collector does not see
            GC.KeepAlive(token);
            GC.KeepAlive(cancel);
            GC.KeepAlive(this);
        }
        if (thrown != null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(thrown).Throw();
        PremiseException.Check(status);
    }
}
